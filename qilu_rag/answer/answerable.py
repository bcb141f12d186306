"""Does the evidence answer the question? A probability, and a rule for what changes.

The probability is a logistic regression over what retrieval knows and, where the
endpoint tells it, the language model's own leaning between "yes" and "no". Its weights
are data: `python -m evals.fit_answerability` fits them on the development half of the
cases and writes answerability.toml beside this file. A handful of passages that the caller
brings has weights of its own: all of them are near, and none need answer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import exp

from qilu_rag.text.fold import squash
from qilu_rag.types import Hit, Query

_LOOKED_AT = 5
_TITLE = re.compile(r"《([^》]+)》")
# A title, or a few words in quotation marks: a name. More words are a paraphrase.
_QUOTED = re.compile(r"《([^》]+)》|“([^”]{1,6})”|「([^」]{1,6})」")

# Prices, hours, weather and the like change; the corpus leaves them out by rule, so a
# question for them is answered only if the evidence really speaks of them.
_CHANGING = re.compile(
    r"门票|門票|票价|票價|多少钱|多少錢|几点开|几点关|几点闭|開門|关门|关闭时间|开门|开放时间|营业时间"
    r"|天气|天氣|股价|房价|酒店|宾馆|旅馆|电话|怎么坐车|坐高铁|坐飞机|堵车|停车"
    r"|\b(tickets?|prices?|costs?|opening (times?|hours?)|hotels?|weather|phone|parking|tomorrow)\b",
    re.IGNORECASE,
)

_TODAY = re.compile(
    r"今天|今日|明天|明日|后天|昨天|现在|現在|此刻|目前|本周|这周|下周|today|tonight|tomorrow|right now",
    re.IGNORECASE,
)


def features(query: Query, hits: Sequence[Hit], leaning: float | None) -> dict[str, float]:
    """What the probability is made of.

    Args:
        query: the question.
        hits: passages, best first.
        leaning: the model's log-odds that the evidence answers; None when not known.
    """
    return {
        "coverage": max((hit.coverage for hit in hits[:_LOOKED_AT]), default=0.0),
        "unheard": float(_names_the_unheard(query, hits)),
        "similarity": max((hit.similarity for hit in hits), default=0.0),
        **({} if leaning is None else {"leaning": leaning}),
    }


def asks_for_an_unheard_title(query: Query, hits: Sequence[Hit]) -> bool:
    """Whether a question is for a 《title》 that no passage found so much as mentions."""
    return _unheard(_TITLE.findall(query.text), hits)


def _names_the_unheard(query: Query, hits: Sequence[Hit]) -> bool:
    """Whether the question puts in 《》 or “” what no passage found has: a made-up name."""
    quoted = [next(filter(None, groups)) for groups in _QUOTED.findall(query.text)]
    return _unheard(quoted, hits)


def _unheard(names: Sequence[str], hits: Sequence[Hit]) -> bool:
    if not names:  # the usual case; the passages are long to fold
        return False
    held = squash(" ".join(f"{hit.entry.title} {hit.passage.text}" for hit in hits))
    return any(squash(name) not in held for name in names)


def asks_for_what_changes(query: Query, hits: Sequence[Hit], *, given: bool = False) -> bool:
    """Whether a question is for prices, hours or weather that no passage speaks of.

    No passage of the corpus speaks of today's: one that tells of fine weather tells of some
    other day. What a caller brings along may be of today.
    """
    asked = {match[0].lower() for match in _CHANGING.finditer(f"{query.text} {query.asked}")}
    held = " ".join(hit.passage.text for hit in hits[:_LOOKED_AT]).lower()
    today = not given and bool(_TODAY.search(f"{query.text} {query.asked}"))
    return bool(asked) and (today or not any(word in held for word in asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The fitted weights by section of the file, and the operating points."""

    weights: Mapping[str, Mapping[str, float]]
    threshold: float
    given_threshold: float

    @classmethod
    def load(cls, threshold: float, given_threshold: float) -> Judge:
        """Reads the weights that come with the package."""
        text = files("qilu_rag.answer").joinpath("answerability.toml").read_text("utf-8")
        return cls(
            weights=tomllib.loads(text), threshold=threshold, given_threshold=given_threshold
        )

    def probability(self, values: Mapping[str, float], *, given: bool = False) -> float:
        """Probability in 0 to 1 that the evidence answers the question.

        Args:
            values: the features.
            given: whether the passages are the caller's own.
        """
        section = "with_leaning" if "leaning" in values else "without_leaning"
        weights = self.weights[f"given_{section}" if given else section]
        used = (weight * values[name] for name, weight in weights.items() if name != "bias")
        score = weights["bias"] + sum(used)
        return 1 / (1 + exp(-score))

    def answerable(
        self, query: Query, hits: Sequence[Hit], leaning: float | None, *, given: bool = False
    ) -> bool:
        """Whether a question should be answered rather than refused."""
        given = given and query.language == "zh"  # what the weights were fitted on
        least = self.given_threshold if given else self.threshold
        return self.probability(features(query, hits, leaning), given=given) >= least
