"""Progress of long steps, on standard error: bars for people, JSON lines for scripts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Show = Callable[[str, int, int], None]
"""Takes what is counted, how many are done, and of how many; 0 when that is not known."""

_EVERY = 1.0
"""Seconds between two lines about the same thing."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def progress_bar(console: Console, *, unit: Literal["items", "bytes"] = "items") -> Iterator[Show]:
    """Shows a bar for each thing that is counted, with its rate and the time that is left."""
    counted: ProgressColumn = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), counted, _Rate())
    # Into a file or a pipe it would write a blank line and nothing else.
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield show


@contextmanager
def progress_lines(stream: TextIO) -> Iterator[Show]:
    """Writes a JSON object a line: `{"what", "done", "total", "rate", "left_s"}`.

    At most one a second for each thing that is counted, and one when it is complete.
    """
    begun: dict[str, float] = {}
    told: dict[str, float] = {}

    def show(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        spent = now - begun.setdefault(what, now)
        if done != total and now - told.get(what, -_EVERY) < _EVERY:
            return
        told[what] = now
        rate = done / spent if spent else None
        left = (total - done) / rate if rate and total else None
        line = {"what": what, "done": done, "total": total or None}
        stream.write(json.dumps(line | {"rate": _rounded(rate), "left_s": _rounded(left)}) + "\n")
        stream.flush()

    yield show


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
