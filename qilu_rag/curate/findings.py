"""What a check of the corpus says: where, which rule, what is wrong and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Something to mend in a file of the corpus.

    Attributes:
        line: counted from 1.
        rule: name of the check that found it.
        message: what is wrong, and what would mend it.
    """

    path: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"
