"""Streams of replies: order, errors, and that a stop closes what writes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from qilu_rag.types import Reply, Verdict
from qilu_rag.web.stream import Stream


def reply(text: str) -> Reply:
    verdict = Verdict(action="pass", text=text)
    return Reply(question="问", answer=text, status="writing", verdicts=(verdict,))


class Writing:
    """A generator of replies that waits between them, and says when it was closed."""

    def __init__(self, count: int, fails: bool = False) -> None:
        self.count = count
        self.fails = fails
        self.made = 0
        self.go = Event()
        self.closed = Event()

    def replies(self) -> Iterator[Reply]:
        try:
            for n in range(self.count):
                if n:
                    self.go.wait(10)
                self.made += 1
                yield reply(str(n))
            if self.fails:
                raise ValueError("broken")
        finally:
            self.closed.set()


def read(writing: Writing, on_reply: Callable[[Stream], None]) -> tuple[list[str], bool]:
    """The answers that arrive, and whether the stream counts as stopped after."""

    async def main() -> tuple[list[str], bool]:
        stream, got = Stream(writing.replies()), []
        async for item in stream.replies():
            got.append(item.answer)
            on_reply(stream)
        return got, stream.stopped

    return asyncio.run(main())


def test_all_replies_come_in_order() -> None:
    writing = Writing(3)
    assert read(writing, lambda _: writing.go.set()) == (["0", "1", "2"], True)
    assert writing.closed.wait(5)


def test_what_the_writing_raises_is_raised() -> None:
    writing = Writing(1, fails=True)
    with pytest.raises(ValueError, match="broken"):
        read(writing, lambda _: None)
    assert writing.closed.is_set()


def test_stop_ends_at_once_and_closes_the_generator_before_its_next_reply() -> None:
    writing = Writing(5)
    started = time.monotonic()
    # The writing waits for leave to go on, as a model in the middle of a sentence.
    got, stopped = read(writing, lambda stream: stream.stop())
    assert (got, stopped) == (["0"], True)
    assert time.monotonic() - started < 5
    writing.go.set()
    assert writing.closed.wait(5)
    assert writing.made <= 2


def test_a_reader_who_leaves_stops_it() -> None:
    writing = Writing(5)

    async def main() -> None:
        stream = Stream(writing.replies())
        replies = stream.replies()
        await anext(replies)
        await replies.aclose()  # type: ignore[attr-defined]
        assert stream.stopped

    asyncio.run(main())
    writing.go.set()
    assert writing.closed.wait(5)
    assert writing.made <= 2


def test_cancelling_the_reader_stops_it() -> None:
    writing = Writing(5)

    async def main() -> None:
        stream = Stream(writing.replies())

        async def consume() -> None:
            async for _ in stream.replies():
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    writing.go.set()
    assert writing.closed.wait(5)


def test_stopped_before_it_began_writes_nothing() -> None:
    writing = Writing(5)

    async def main() -> list[Reply]:
        stream = Stream(writing.replies())
        stream.stop()
        stream.stop()
        return [item async for item in stream.replies()]

    assert asyncio.run(main()) == []
    assert writing.made == 0
