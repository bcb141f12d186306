"""An answer on its way from a thread to the page, and the way to stop it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from threading import Event, Thread

from qilu_rag.types import Reply

_log = logging.getLogger(__name__)


class Stream:
    """Replies of one question, written in a thread of their own.

    Gradio can end a generator only between two of its steps, and a step lasts as long as
    the model takes for a sentence. So the model writes in a thread while the page waits
    in the event loop: a stop, or a reader who leaves, is obeyed there at once, and the
    thread closes the replies' generator before it would ask it for another.

    Make it inside the event loop.

    Args:
        replies: of `Assistant.ask`; nothing of it has run yet.
    """

    def __init__(self, replies: Iterator[Reply]) -> None:
        self._replies = replies
        self._stop = Event()
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Reply | Exception | None] = asyncio.Queue()

    @property
    def stopped(self) -> bool:
        """Whether a reader had enough."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ends it; may be called from any thread, and more than once."""
        self._stop.set()
        self._send(None)

    async def replies(self) -> AsyncIterator[Reply]:
        """The replies as they come; ends when they end or are stopped.

        Raises:
            Exception: whatever the writing raised.
        """
        Thread(target=self._write, name="answer", daemon=True).start()
        try:
            while not self.stopped:
                item = await self._queue.get()
                if item is None or self.stopped:
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            # However it ended, nobody reads on.
            self._stop.set()

    def _write(self) -> None:
        try:
            while not self.stopped:
                reply = next(self._replies, None)
                self._send(reply)
                if reply is None:
                    return
        except Exception as error:  # noqa: BLE001 (goes to the reader of the stream)
            if self.stopped:
                _log.warning("a stopped answer failed: %s", error)
            self._send(error)
        finally:
            close = getattr(self._replies, "close", None)
            if close is not None:
                close()

    def _send(self, item: Reply | Exception | None) -> None:
        # The loop is closed when the page went down while the model wrote.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
