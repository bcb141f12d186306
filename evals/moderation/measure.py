"""`qilu eval moderation`: what the gate catches, what it leaves alone, and what it costs."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from evals.moderation.personal import personal_cases
from evals.moderation.rewrite import REWRITES
from qilu_rag.errors import InputError
from qilu_rag.moderation import Gate, Lexicon, PersonalData
from qilu_rag.moderation.redact import redact

_HERE = Path(__file__).parent
_EACH = 8
_SEED = 20261124
_AVERAGE = 110
"""Characters of the texts that the lexicon's speed is told for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    what: str
    good: int
    of: int

    @property
    def share(self) -> float:
        return self.good / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationReport:
    """The figures.

    Attributes:
        personal: values hidden, by kind; the last row is all.
        harmful: sentences caught as written, by category; they are built on terms of the
            shipped list, so this tells that the list works and not how much it covers.
        variants: of those caught, how many still are, by way of rewriting.
        harmless: sentences of the corpus in which nothing is found, and in which no
            personal data is.
        per_second: texts of 110 characters through the lexicon on one core.
    """

    personal: list[Share]
    harmful: list[Share]
    variants: list[Share]
    harmless: list[Share]
    per_second: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_table(self) -> Table:
        table = Table("", "", "share", "n")
        for name in ("personal", "harmful", "variants", "harmless"):
            for row in getattr(self, name):
                table.add_row(name, row.what, f"{row.share:.4f}", str(row.of))
        table.add_row(
            "lexicon", f"texts of {_AVERAGE} characters a second", "", str(self.per_second)
        )
        return table


def measure_moderation(gate: Gate, sentences: Sequence[str]) -> ModerationReport:
    """Runs all of it.

    Args:
        gate: the one in use, without a review store.
        sentences: of the corpus; all of them are harmless.

    Raises:
        InputError: there are no sentences.
    """
    if not sentences:
        raise InputError("there is no corpus to measure on; set QILU_CORPUS to its folder")
    harmful, variants = _harmful_and_variants(gate)
    return ModerationReport(
        personal=_personal(),
        harmful=harmful,
        variants=variants,
        harmless=_harmless(gate, sentences),
        per_second=_per_second(sentences),
    )


def _personal() -> list[Share]:
    detector = PersonalData()
    cases = personal_cases(_HERE / "personal.txt", each=_EACH, seed=_SEED)
    hidden = [
        (case.kind, case.secret not in redact(case.text, detector.find(case.text, "input")).text)
        for case in cases
    ]
    return _by_kind(hidden)


def _harmful_and_variants(gate: Gate) -> tuple[list[Share], list[Share]]:
    rng = random.Random(_SEED)  # noqa: S311 (repeatable cases, no secrets)
    lines = (_HERE / "harmful.txt").read_text("utf-8").splitlines()
    cases = [line.split("\t", 1) for line in lines if line]
    caught = [(category, _caught(gate, text)) for category, text in cases]
    texts = [text for (_, text), (_, seen) in zip(cases, caught, strict=True) if seen]
    variants = [
        (name, _caught(gate, changed))
        for name, rewrite in REWRITES.items()
        for text in texts
        # A way that leaves a text as it was says nothing about it.
        if (changed := rewrite(text, rng)) != text
    ]
    return _by_kind(caught), _by_kind(variants)


def _caught(gate: Gate, text: str) -> bool:
    return gate.check(text, "input").action in ("flag", "block")


def _harmless(gate: Gate, sentences: Sequence[str]) -> list[Share]:
    verdicts = [gate.check(sentence, "output") for sentence in sentences]
    passed = sum(verdict.action == "pass" for verdict in verdicts)
    untouched = sum(
        all(finding.category != "personal_data" for finding in verdict.findings)
        for verdict in verdicts
    )
    return [
        Share(what="corpus sentences passed", good=passed, of=len(sentences)),
        Share(what="without personal data", good=untouched, of=len(sentences)),
    ]


def _per_second(sentences: Sequence[str]) -> int:
    lexicon = Lexicon.default()
    whole = "".join(sentences)[: _AVERAGE * 5000]
    texts = [whole[i : i + _AVERAGE] for i in range(0, len(whole), _AVERAGE)]
    started = time.perf_counter()
    for text in texts:
        lexicon.find(text, "output")
    return round(len(texts) / (time.perf_counter() - started))


def _by_kind(results: Iterable[tuple[str, bool]]) -> list[Share]:
    good: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for kind, right in results:
        for name in (kind, "all"):
            good[name] += right
            of[name] += 1
    return [
        Share(what=name, good=good[name], of=of[name])
        for name in (*(n for n in of if n != "all"), "all")
        if name in of
    ]
