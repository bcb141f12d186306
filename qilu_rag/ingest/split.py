"""Splitting: a document becomes passages that a person could cite.

Passages are runs of whole sentences of one block, packed evenly: a section of 500
characters becomes two of 250, not one of 300 and one of 200. Offsets are exact.
"""

from __future__ import annotations

import re
from itertools import groupby

from qilu_rag.text.sentences import Span, sentence_spans
from qilu_rag.types import Block, Document, Passage

_SOFT_CUT = re.compile(r"[，,；;、：:\s]")


def split(document: Document, *, shortest: int, longest: int) -> list[Passage]:
    """Cuts a document into passages.

    Args:
        document: what was loaded.
        shortest: characters under which a passage takes in a neighbour of its block.
        longest: characters that a passage holds at most; only a single sentence is longer,
            up to twice as long, and is cut at a comma beyond that.

    Returns:
        Passages in the order of the text, numbered from 1.
    """
    passages: list[Passage] = []
    blocks = enumerate(document.blocks, start=1)
    # Blocks of one place (stanzas, pieces of a row) count their passages together, so that
    # no two have the same locator.
    for _, together in groupby(blocks, key=lambda item: (item[1].headings, item[1].place)):
        runs = [
            (position, block, run)
            for position, block in together
            for run in _pack(_sentences(document.text, block, 2 * longest), shortest, longest)
        ]
        for part, (position, block, run) in enumerate(runs, start=1):
            start, end = run[0][0], run[-1][1]
            locator = _locator(block, position, part if len(runs) > 1 else None)
            passages.append(
                Passage(
                    id=f"{document.entry.id}#{len(passages) + 1}",
                    entry_id=document.entry.id,
                    text=document.text[start:end],
                    start=start,
                    end=end,
                    locator=locator,
                    source=document.source,
                    sentences=tuple((a - start, b - start) for a, b in run),
                )
            )
    return passages


def _locator(block: Block, position: int, part: int | None) -> str:
    pieces = [*filter(None, [block.place]), *block.headings]
    if not pieces:
        pieces.append("概述" if position == 1 and part is None else f"第{part or position}段")
    elif part is not None:
        pieces.append(f"第{part}段")
    return " · ".join(pieces)


def _sentences(text: str, block: Block, bound: int) -> list[Span]:
    spans: list[Span] = []
    for a, b in sentence_spans(text[block.start : block.end]):
        start, end = a + block.start, b + block.start
        while end - start > bound:
            cut = _cut(text, start, start + bound)
            spans.append((start, cut))
            start = cut
        spans.append((start, end))
    return [span for span in spans if text[span[0] : span[1]].strip()]


def _cut(text: str, start: int, limit: int) -> int:
    softs = [found.end() for found in _SOFT_CUT.finditer(text, start + 1, limit)]
    return softs[-1] if softs else limit


def _pack(spans: list[Span], shortest: int, longest: int) -> list[list[Span]]:
    if not spans:
        return []
    total = spans[-1][1] - spans[0][0]
    count = -(-total // longest)
    target = max(total / count, shortest)
    runs: list[list[Span]] = [[spans[0]]]
    for span in spans[1:]:
        run = runs[-1]
        length = run[-1][1] - run[0][0]
        grown = span[1] - run[0][0]
        # Nearer to the even share with this sentence or without it?
        if grown > longest or grown - target > target - length:
            runs.append([span])
        else:
            run.append(span)
    if len(runs) > 1 and runs[-1][-1][1] - runs[-1][0][0] < shortest:
        tail = runs.pop()
        if tail[-1][1] - runs[-1][0][0] <= longest:
            runs[-1] += tail
        else:
            runs.append(tail)
    return runs
