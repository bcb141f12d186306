"""A chat model whose replies are kept, so that what comes after it can be measured again at once.

A reply depends on the messages and the bounds alone (temperature 0). A run over hundreds of
cases takes a small machine an hour; with its replies kept, another run that changes only
checks or citations takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from qilu_rag.assistant import Assistant, build
from qilu_rag.config import Settings
from qilu_rag.ports import ChatModel, Message


@dataclass(frozen=True, slots=True)
class RememberingChat:
    """See `ports.ChatModel`; asks `chat` only what `path` doesn't hold yet."""

    chat: ChatModel
    path: Path

    @property
    def name(self) -> str:
        """The model's name."""
        return self.chat.name

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
        """Yields the reply piece by piece."""
        key = self._key("stream", messages, max_tokens)
        kept = self._get(key)
        if kept is not None:
            yield from json.loads(kept)
            return
        pieces = []
        for piece in self.chat.stream(messages, max_tokens=max_tokens):
            pieces.append(piece)
            yield piece
        # Only a whole reply is kept: a reader who stops early closes the generator before.
        self._put(key, json.dumps(pieces, ensure_ascii=False))

    def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
        """Log-odds of the first choice against the second."""
        key = self._key("lean", messages, choices)
        kept = self._get(key)
        if kept is None:
            kept = json.dumps(self.chat.lean(messages, choices))
            self._put(key, kept)
        value: float | None = json.loads(kept)
        return value

    def _key(self, call: str, messages: Sequence[Message], bound: object) -> str:
        said = [call, self.name, [asdict(message) for message in messages], bound]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()

    def _get(self, key: str) -> str | None:
        with closing(self._open()) as db:
            row = db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _put(self, key: str, reply: str) -> None:
        with closing(self._open()) as db, db:
            db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, reply))

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path)
        db.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT)")
        return db


@contextmanager
def asked(settings: Settings, cache: Path | None) -> Iterator[Assistant]:
    """An assistant whose model's replies are kept in a file; without one as it ships."""
    with build(settings) as shipped:
        if cache is None:
            yield shipped
            return
        with build(settings, chat=RememberingChat(shipped.chat, cache)) as remembering:
            yield remembering
