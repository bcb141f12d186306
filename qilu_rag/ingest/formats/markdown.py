"""Tables and lists of Markdown: where they stand in the text, and what may not be cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from qilu_rag.ingest.structure import Span, pack
from qilu_rag.ingest.table import clean_cell, row_texts
from qilu_rag.types import Block

_RULE = re.compile(r"(?=[^\n]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_BAR = re.compile(r"(?<!\\)\|")


def lay_out(text: str, items: Set[int], longest: int) -> tuple[str, list[Block]]:
    """Tells each row of a table as a line; a text without tables stays as it is.

    Args:
        text: clean Markdown.
        items: the lines, counted from 0, that begin an item of a list.
        longest: characters of a passage.

    Returns:
        The text, and the spans that are to be passages of their own, in order: rows with
        their place, and items of lists that run over more than one passage.
    """
    lines: list[str] = []
    starts: set[int] = set()
    spans: list[Block] = []
    length = 0
    for number, line, place in _told(text.split("\n"), longest):
        if place:
            spans.append(Block(start=length, end=length + len(line), place=place))
        elif number in items:
            starts.add(len(lines))
        lines.append(line)
        length += len(line) + 1
    lists = [
        Block(start=start, end=end)
        for run in _runs(lines, starts)
        if run[-1][1] - run[0][0] > longest
        for start, end in pack(run, longest)
    ]
    return "\n".join(lines), sorted([*spans, *lists], key=lambda span: span.start)


def _told(lines: list[str], longest: int) -> Iterator[tuple[int, str, str]]:
    """Lines with their old number and, for the row of a table, its place."""
    tables = at = 0
    while at < len(lines):
        if not (
            "|" in lines[at] and at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1].strip())
        ):
            yield at, lines[at], ""
            at += 1
            continue
        tables += 1
        header = _cells(lines[at])
        at += 2
        row = 0
        while at < len(lines) and "|" in lines[at]:
            row += 1
            for told in row_texts(header, _cells(lines[at]), longest):
                # A row that began like a heading would stand in no passage.
                yield at, told.lstrip("# "), f"表{tables}第{row}行"
            at += 1


def _cells(line: str) -> list[str]:
    cells = _BAR.split(line.strip().removeprefix("|"))
    if not cells[-1].strip():
        cells.pop()
    return [clean_cell(cell.replace(r"\|", "|")) for cell in cells]


def _runs(lines: list[str], starts: Set[int]) -> list[list[Span]]:
    """The lists of a text as the spans of their items; a blank line does not end a list."""
    runs: list[list[Span]] = []
    at = 0
    going = False
    for number, line in enumerate(lines):
        end = at + len(line)
        if number in starts:
            if not going:
                runs.append([])
            runs[-1].append((at, end))
            going = True
        elif line.strip():
            # What follows an item without a gap, or is set in under it, is part of it.
            going = going and (line[0] in " \t" or bool(lines[number - 1].strip()))
            going = going and not line.startswith("#")
            if going:
                runs[-1][-1] = (runs[-1][-1][0], end)
        at = end + 1
    return runs
