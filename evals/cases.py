"""Evaluation cases: a question, the entry that answers it, the facts of a right answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from qilu_rag.errors import InputError
from qilu_rag.text.fold import squash

Half = Literal["dev", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question.

    Attributes:
        entry: id of the entry that answers it; None when the corpus does not.
        facts: groups of alternatives; a right answer holds one of each group.
        history: the questions that were asked before it, oldest first.
    """

    id: str
    question: str
    language: Literal["zh", "zh-Hant", "en"]
    entry: str | None
    facts: tuple[tuple[str, ...], ...]
    history: tuple[str, ...] = ()

    @property
    def half(self) -> Half:
        """Which half the case is in, by its questions: tune on dev, report on report."""
        asked = "\n".join([*self.history, self.question])
        return "dev" if hashlib.sha256(asked.encode()).digest()[0] % 2 == 0 else "report"

    def holds_facts(self, text: str) -> bool:
        """Whether a text holds one alternative of every group of facts."""
        folded = squash(text)
        return all(any(squash(fact) in folded for fact in group) for group in self.facts)


def load_cases(folder: Path, half: str = "all") -> list[Case]:
    """Reads the cases of a folder.

    Raises:
        InputError: when there are none, or a line is not a case.
    """
    cases = [case for path in sorted(folder.glob("*.jsonl")) for case in _read(path)]
    if not cases:
        raise InputError(f"there are no cases in {folder}")
    if half not in ("dev", "report", "all"):
        raise InputError(f"no half {half!r}; there are: dev report all")
    return [case for case in cases if half in ("all", case.half)]


def _read(path: Path) -> Iterator[Case]:
    adapter = TypeAdapter(Case)
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        try:
            yield adapter.validate_python(json.loads(line))
        except (ValueError, ValidationError, RecursionError) as error:
            raise InputError(f"{path}:{number} is not a case: {error}") from error
