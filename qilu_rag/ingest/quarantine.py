"""Quarantine: what could not be brought in, why and when, until it is mended.

One JSON file in the home, written anew by each run and swapped in whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from qilu_rag.errors import QiluError
from qilu_rag.ingest.files import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A problem that was set aside.

    Attributes:
        origin: absolute path of the file.
        time: when, in ISO 8601, UTC.
    """

    source: str
    reason: str
    origin: str
    time: str


class Quarantine:
    """The quarantine of one home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def held(self) -> list[Held]:
        """All that is set aside, in the order in which it came.

        Raises:
            QiluError: when the file is damaged.
        """
        try:
            return [Held(**item) for item in json.loads(self._path.read_text("utf-8"))]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise QiluError(
                f"{self._path} is damaged; delete it and ingest again what it listed"
            ) from error

    def replace(self, roots: Sequence[Path], problems: Sequence[Problem]) -> None:
        """Takes in what a run over these paths set aside, in place of what it held of them.

        Args:
            roots: absolute paths that the run looked at.
            problems: what it could not bring in.
        """
        rest = [asdict(item) for item in self.held() if not inside(item.origin, roots)]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rest += [{**asdict(problem), "time": now} for problem in problems]
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(rest, ensure_ascii=False, indent=1) + "\n", "utf-8")
        fresh.replace(self._path)


def inside(origin: str, roots: Sequence[Path]) -> bool:
    """Whether an absolute path is one of some paths, or lies in one of them."""
    return any(Path(origin).is_relative_to(root) for root in roots)
