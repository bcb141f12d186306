"""Splitting: a document becomes passages that a person could cite.

Passages are runs of whole sentences of one block, packed evenly: a section of 500
characters becomes two of 250, not one of 300 and one of 200. Offsets are exact.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence

from qilu_rag.text.sentences import Span, quotation_spans, sentence_spans
from qilu_rag.types import Block, Document, Passage

_SOFT_CUT = re.compile(r"[，,；;、：:\s]")


def split(document: Document, *, shortest: int, longest: int) -> list[Passage]:
    """Cuts a document into passages.

    Args:
        document: what was loaded.
        shortest: characters under which a passage takes in a neighbour of its block.
        longest: characters that a passage holds at most; only a single sentence, or a
            quotation over several lines, is longer, up to twice as long. What goes beyond
            that is cut: a sentence at a comma, outside quotations if there is one, and a
            quotation between its lines.

    Returns:
        Passages in the order of the text, numbered from 1.
    """
    runs = [
        (position, block, run)
        for position, block in enumerate(document.blocks, start=1)
        for run in _runs(document.text, block, shortest, longest)
    ]
    # Blocks of one place (stanzas, pieces of a row) count their passages together, so that
    # no two have the same locator.
    totals = Counter((block.headings, block.place) for _, block, _ in runs)
    parts: Counter[tuple[tuple[str, ...], str]] = Counter()
    passages: list[Passage] = []
    for position, block, run in runs:
        key = (block.headings, block.place)
        parts[key] += 1
        start, end = run[0][0], run[-1][1]
        locator = _locator(block, position, parts[key] if totals[key] > 1 else None)
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


def _runs(text: str, block: Block, shortest: int, longest: int) -> list[list[Span]]:
    """The passages of a block, as the spans of their sentences."""
    quotes = [
        (a + block.start, b + block.start)
        for a, b in quotation_spans(text[block.start : block.end])
    ]
    atoms = _atoms(_sentences(text, block, quotes, 2 * longest), quotes, 2 * longest)
    runs = _pack([(atom[0][0], atom[-1][1]) for atom in atoms], shortest, longest)
    left = iter(atoms)
    return [[span for _ in run for span in next(left)] for run in runs]


def _sentences(text: str, block: Block, quotes: Sequence[Span], bound: int) -> list[Span]:
    spans: list[Span] = []
    for a, b in sentence_spans(text[block.start : block.end]):
        start, end = a + block.start, b + block.start
        while end - start > bound:
            cut = _cut(text, start, start + bound, quotes)
            spans.append((start, cut))
            start = cut
        spans.append((start, end))
    return [span for span in spans if text[span[0] : span[1]].strip()]


def _cut(text: str, start: int, limit: int, quotes: Sequence[Span]) -> int:
    softs = [found.end() for found in _SOFT_CUT.finditer(text, start + 1, limit)]
    first = max(bisect_left(quotes, (start, start)) - 1, 0)
    inside = quotes[first : bisect_left(quotes, (limit, limit))]
    outside = [at for at in softs if not any(a < at < b for a, b in inside)]
    return (outside or softs or [limit])[-1]


def _atoms(spans: Sequence[Span], quotes: Sequence[Span], bound: int) -> list[list[Span]]:
    """Sentences, those of one quotation over several lines together up to the bound."""
    atoms: list[list[Span]] = []
    left = deque(quotes)
    for span in spans:
        while left and left[0][1] <= span[0]:
            left.popleft()
        held = bool(left) and left[0][0] < span[0]
        if held and atoms and span[1] - atoms[-1][0][0] <= bound:
            atoms[-1].append(span)
        else:
            atoms.append([span])
    return atoms


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
