"""The review store: what the gate held back or marked, kept until a person decides.

One SQLite file in write-ahead mode. Each call opens a connection of its own, so that
any thread may call; a finding is on the disk when `add` returns. Personal data never
gets in: question and text are redacted first, and offsets move with the text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qilu_rag.errors import QiluError
from qilu_rag.moderation.personal_data import PersonalData
from qilu_rag.moderation.redact import redact
from qilu_rag.types import Action, Finding, Stage, Verdict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    stage TEXT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    question TEXT NOT NULL,
    text TEXT NOT NULL,
    verdict TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open'
)
"""
_LIST = """
SELECT id, time, stage, action, reason, question, text, verdict, state
FROM findings WHERE state = ? ORDER BY id DESC LIMIT ? OFFSET ?
"""
_WAIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A row of the queue.

    Attributes:
        time: when it was filed, ISO 8601 in UTC.
        reason: the rules that spoke, as `category/rule`, separated by commas.
        question: the reader's question that led to the text, redacted; may be empty.
        text: what was screened, redacted.
        verdict: its findings' offsets are into `text` as it stands here.
    """

    id: int
    time: str
    stage: Stage
    action: Action
    reason: str
    question: str
    text: str
    verdict: Verdict
    state: str


# The method `list` hides the type's name inside the class.
_Items = list[ReviewItem]


class ReviewStore:
    """The queue in a file."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it and its folder.

        Raises:
            QiluError: the file is damaged or can't be written.
        """
        self.path = path
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(_SCHEMA)

    def add(self, stage: Stage, verdict: Verdict, *, question: str, text: str) -> int:
        """Files a text with the verdict on it.

        Args:
            stage: where the text was screened.
            verdict: its findings' offsets are into `text`.
            question: the reader's question that led to the text; may be empty.
            text: what was screened; stored without the personal data in it.

        Returns:
            The number of the new item.

        Raises:
            QiluError: the file is damaged or can't be written.
        """
        stored, verdict = _without_personal_data(stage, text, verdict)
        rules = dict.fromkeys(f"{f.category}/{f.rule}" for f in verdict.findings)
        row = (
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            stage,
            verdict.action,
            ", ".join(rules),
            _storable(_hide(stage, question)),
            _storable(stored),
            json.dumps(asdict(verdict)),
        )
        with self._open() as db:
            cursor = db.execute(
                "INSERT INTO findings (time, stage, action, reason, question, text, verdict)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            return int(cursor.lastrowid or 0)

    def count(self, *, state: str = "open") -> int:
        """How many items are in a state.

        Raises:
            QiluError: the file is damaged or can't be read.
        """
        with self._open() as db:
            query = "SELECT count(*) FROM findings WHERE state = ?"
            return int(db.execute(query, (state,)).fetchone()[0])

    def list(self, *, state: str = "open", limit: int = 100, offset: int = 0) -> _Items:
        """The items in a state, newest first.

        Raises:
            QiluError: the file is damaged or can't be read.
        """
        with self._open() as db:
            return [_item(row) for row in db.execute(_LIST, (state, limit, offset))]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as db, db:
                db.execute("PRAGMA synchronous = FULL")
                yield db
        except (sqlite3.OperationalError, OSError) as error:
            raise QiluError(
                f"{self.path}: the review database can't be used ({error}): check that the "
                "folder can be written and the disk has room"
            ) from error
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
            raise QiluError(
                f"{self.path}: the review database is damaged ({error}): move it and its "
                "-wal and -shm files aside, and a new one is made; `sqlite3 FILE .recover` "
                "can save what is left of the old one"
            ) from error


def _item(row: tuple[Any, ...]) -> ReviewItem:
    id_, time, stage, action, reason, question, text, verdict, state = row
    stored = json.loads(verdict)
    return ReviewItem(
        id=id_,
        time=time,
        stage=stage,
        action=action,
        reason=reason,
        question=question,
        text=text,
        verdict=Verdict(
            action=stored["action"],
            text=stored["text"],
            findings=tuple(Finding(**finding) for finding in stored["findings"]),
        ),
        state=state,
    )


def _without_personal_data(stage: Stage, text: str, verdict: Verdict) -> tuple[str, Verdict]:
    """Redacts a text and moves its verdict's offsets along."""
    # Looked for again: the verdict may come from a gate or a policy that doesn't care.
    hidden = redact(text, PersonalData().find(text, stage))
    moved = tuple(
        replace(f, start=hidden.move(f.start), end=hidden.move(f.end, end=True))
        for f in verdict.findings
    )
    kept = Verdict(action=verdict.action, text=_hide(stage, verdict.text), findings=moved)
    return hidden.text, kept


def _hide(stage: Stage, text: str) -> str:
    return redact(text, PersonalData().find(text, stage)).text


def _storable(text: str) -> str:
    # Half of a surrogate pair can't be written as UTF-8; the length must not change.
    return text.encode("utf-8", "replace").decode("utf-8")
