"""Hate and abuse that no list of terms can name: a small linear classifier.

A text's character n-grams, weighted by how often they occur and how rare they are, are
set against weights that `python -m evals.train_hate` learnt. Words for prejudice itself
(歧视, 地域黑) are taken out before: who says them mostly speaks against it, and a model
that sees them learns to flag exactly these people.

What it finds is for a person to look at, so it never blocks.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import ConfigError
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.text.sentences import sentence_spans
from qilu_rag.types import Finding, Stage

CATEGORY = "hate"
BUCKETS = 1 << 19
"""N-grams are told apart by their hash; of 120,000 in use one in nine shares its bucket."""

_LONGEST_GRAM = 3
_WHOLE = 200
"""Characters of a text that is judged as a whole; the model was taught on comments, and
of a longer text each sentence is judged."""
_SHORTEST = 4
THRESHOLDS: Mapping[Stage, float] = MappingProxyType(
    {"input": 0.55, "output": 0.65, "document": 0.9}
)
"""Probability from which a text is flagged. What readers type is what the model was taught
on; our answers are made of the corpus, and documents are written by institutions, where what
sounds like abuse is mostly told of (楚王羞辱晏子). Set on the development halves, see
`evals.train_hate`."""
_LOCAL = "hate.npz"

_OF_PREJUDICE = re.compile(
    "(?:种族|性别|地域|就业)?歧视|偏见|刻板印象|地域黑|种族主义者?|平等|尊重|地图炮"
)
_NO_LETTER = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What was learnt.

    Attributes:
        weight: of each bucket, int8, shape (BUCKETS,), in units of `unit`.
        rarity: inverse document frequency of each bucket, uint8, shape (BUCKETS,), to a scale
            that falls out; 0 for n-grams that were not seen often enough to count.
        bias: added to the sum.
    """

    weight: NDArray[np.int8]
    rarity: NDArray[np.uint8]
    unit: float
    bias: float

    def save(self, path: Path) -> None:
        """Writes them to a file that `load` reads."""
        numbers = np.array([self.unit, self.bias])
        np.savez_compressed(path, weight=self.weight, rarity=self.rarity, numbers=numbers)

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Reads weights; nothing in the file is ever run.

        Raises:
            ConfigError: the file is damaged, or of another kind.
        """
        mend = "install qilu_rag again, or train it: python -m evals.train_hate --help"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                weight, rarity, numbers = held["weight"], held["rarity"], held["numbers"]
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{path.name}: no weights can be read from it; {mend}") from error
        shapes = weight.shape == rarity.shape == (BUCKETS,) and numbers.shape == (2,)
        types = weight.dtype == np.int8 and rarity.dtype == np.uint8
        if not (shapes and types and np.isfinite(numbers).all()):
            raise ConfigError(f"{path.name}: its weights are of another shape; {mend}")
        return cls(weight=weight, rarity=rarity, unit=float(numbers[0]), bias=float(numbers[1]))


class HateClassifier:
    """Flags texts that read like hate or abuse.

    Attributes:
        name: what the gate calls it.
        weights: what was learnt.
        thresholds: probability from which a text is flagged, by stage, 0 to 1.
    """

    name = "classifier"

    def __init__(self, weights: Weights, thresholds: Mapping[Stage, float] = THRESHOLDS) -> None:
        self.weights = weights
        self.thresholds = thresholds

    @classmethod
    def default(cls) -> HateClassifier:
        """With the weights that come with the package."""
        file = resources.files("qilu_rag.moderation").joinpath("data", _LOCAL)
        with resources.as_file(file) as path:
            return cls(Weights.load(path))

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Flags the text, or the sentences of a long one."""
        least = self.thresholds[stage]
        return [
            Finding(
                category=CATEGORY,
                level="controversial",
                rule=f"{self.name}.{CATEGORY}",
                start=start,
                end=end,
            )
            for start, end in _stretches(text)
            if self.probability(text[start:end]) >= least
        ]

    def probability(self, text: str) -> float:
        """How probable it is that readers call a text offensive, 0 to 1.

        It knows Chinese only, and gives 0 for a text that holds next to none.
        """
        if sum(map(is_cjk, text)) < _SHORTEST:
            return 0.0
        buckets, values = vector(text, self.weights.rarity)
        told = self.weights.weight[buckets] @ values * self.weights.unit
        return float(1 / (1 + np.exp(-(told + self.weights.bias))))


def grams(text: str) -> Iterator[str]:
    """The n-grams of a text, folded, without spaces and the words for prejudice."""
    bare = _NO_LETTER.sub("", _OF_PREJUDICE.sub("", fold(text)))
    for length in range(1, _LONGEST_GRAM + 1):
        for start in range(len(bare) - length + 1):
            yield bare[start : start + length]


def counts(text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The buckets of a text's n-grams, ascending, and how many fall into each."""
    # An order of bits that does not change from run to run, as Python's own hash does.
    numbers = [crc32(gram.encode("utf-8", "replace")) % BUCKETS for gram in grams(text)]
    return np.unique(np.array(numbers, dtype=np.int64), return_counts=True)


def vector(
    text: str, rarity: NDArray[np.uint8] | NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A text as (buckets, values): 1 + log of the count, times rarity, of length 1.

    The scale of `rarity` falls out; buckets of rarity 0 are left out.
    """
    buckets, times = counts(text)
    rare = rarity[buckets].astype(np.float64)
    kept = rare > 0
    values = (1 + np.log(times[kept])) * rare[kept]
    length = float(np.linalg.norm(values)) or 1.0
    return buckets[kept], values / length


def mentions_prejudice(text: str) -> bool:
    """Whether a text holds a word for prejudice itself."""
    return bool(_OF_PREJUDICE.search(fold(text)))


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    if len(text) <= _WHOLE:
        if text:
            yield 0, len(text)
        return
    for start, end in sentence_spans(text):
        for piece in range(start, end, _WHOLE):
            yield piece, min(piece + _WHOLE, end)
