"""Embedding ahead: what has been read is embedded while more is being read.

The vectors meet the snapshot in the cache: when all is read, they are there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

_CHUNK = 1024
"""Texts that are handed over at a time: enough to sort by length, soon done on Ctrl-C."""
_WAITING = 2
"""Chunks that may wait; then reading waits, so that memory stays bounded."""


class Ahead:
    """Hands texts to an embedder in the background, as a context manager.

    Args:
        embed: embeds texts into the cache and says how many were new.

    Attributes:
        embedded: how many texts were new, once all is done.
    """

    def __init__(self, embed: Callable[[Sequence[str]], int]) -> None:
        self._embed = embed
        self._gathered: list[str] = []
        self._pending: deque[Future[int]] = deque()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="embed-ahead")
        self.embedded = 0

    def add(self, texts: Sequence[str]) -> None:
        """Takes in texts; waits when the embedder is behind, and raises what it raised."""
        self._gathered += texts
        if len(self._gathered) >= _CHUNK:
            self._pending.append(self._executor.submit(self._embed, self._gathered))
            self._gathered = []
        while len(self._pending) > _WAITING or (self._pending and self._pending[0].done()):
            self.embedded += self._pending.popleft().result()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            while kind is None and self._pending:
                self.embedded += self._pending.popleft().result()
        finally:
            self._executor.shutdown(wait=False, cancel_futures=True)
