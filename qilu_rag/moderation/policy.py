"""The policy: what is done about a finding, as a small table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qilu_rag.types import Action, Finding, Level, Stage

_STRENGTH: dict[Action, int] = {"pass": 0, "redact": 1, "flag": 2, "block": 3}


def strongest(actions: Iterable[Action]) -> Action:
    """The one that wins: block over flag over redact over pass; pass if there is none."""
    return max(actions, key=_STRENGTH.__getitem__, default="pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: the action for what fits all that it names."""

    action: Action
    stage: Stage | None = None
    category: str | None = None
    level: Level | None = None

    def fits(self, stage: Stage, finding: Finding) -> bool:
        return (
            self.stage in (None, stage)
            and self.category in (None, finding.category)
            and self.level in (None, finding.level)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """The table; of the rows that fit a finding the first decides."""

    rows: tuple[Row, ...]

    @classmethod
    def default(cls) -> Policy:
        """Unsafe is blocked, personal data hidden, the controversial shown to a reviewer."""
        return cls(
            (
                Row(level="safe", action="pass"),
                Row(level="unsafe", action="block"),
                Row(category="personal_data", action="redact"),
                Row(category="injection", stage="input", action="flag"),
                Row(category="injection", stage="document", action="flag"),
                Row(category="injection", stage="output", action="flag"),
                Row(level="controversial", action="flag"),
            )
        )

    def action(self, stage: Stage, finding: Finding) -> Action:
        """What is done about one finding; block where the table says nothing."""
        return next((row.action for row in self.rows if row.fits(stage, finding)), "block")
