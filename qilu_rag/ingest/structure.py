"""The structure of plain text: chapters, numbered paragraphs, stanzas.

A false heading hides a line from the search, while a missed one costs a little context:
so what could be prose is taken for prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from qilu_rag.text.fold import cjk_count
from qilu_rag.types import Block

Span = tuple[int, int]

_COUNT = r"[一二三四五六七八九十百千〇零两\d０-９]+"
_TITLE = r"(?:[ \t\u3000：:]+[^\n。！？!?；;，,…]{1,30}(?<![：:、]))?"
_LEVELS = (
    (1, re.compile(rf"第{_COUNT}[部编]{_TITLE}")),
    (2, re.compile(rf"(?:卷第?(?:{_COUNT}|[上中下])|第{_COUNT}卷){_TITLE}")),
    (3, re.compile(rf"(?:第{_COUNT}篇{_TITLE}|[\u4e00-\u9fff]{{1,8}}篇第{_COUNT})")),
    (4, re.compile(rf"第{_COUNT}[章回]{_TITLE}")),
    (5, re.compile(rf"第{_COUNT}节{_TITLE}")),
)
_NUMBERED = re.compile(
    r"^[ \t\u3000]*(?:【(\d{1,3})[.·．](\d{1,3})】|(\d{1,3})[.·．](\d{1,3})(?=[ \t\u3000]|[^\W\d]))"
    r"[ \t\u3000]*(?=\S)",
    re.MULTILINE,
)
_LINE = re.compile(r"[^\n]+")
_GROUP = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_ENDS = "。！？!?…：:”』」）)"
_VERSE_ENDS = "，。；！？、,;!?"
_VERSE_MAX = 32
_VERSE_SPREAD = 2
_NAME_MAX = 16


def plain_blocks(text: str, longest: int) -> tuple[Block, ...]:
    """Finds the structure of a plain text.

    Args:
        text: it, clean.
        longest: characters of a passage, up to which short stanzas are kept together.

    Returns:
        Blocks in order; headings and the numbers of paragraphs stand in none.
    """
    blocks = [part for section in _sections(text) for part in _numbered(text, section)]
    return carve(text, blocks, [Block(start=a, end=b) for a, b in _poems(text, longest)])


def carve(text: str, blocks: Iterable[Block], spans: Sequence[Block]) -> tuple[Block, ...]:
    """Cuts blocks so that each span (in order, none overlapping) is a block of its own.

    A span takes the headings of the block that it lies in, and its place unless it has
    one; one that lies in no single block is passed over.
    """
    cut: list[Block] = []
    waiting = list(reversed(spans))
    for block in blocks:
        at = block.start
        while waiting and waiting[-1].start < block.end:
            span = waiting.pop()
            if span.start >= at and span.end <= block.end:
                cut.append(replace(block, start=at, end=span.start))
                cut.append(replace(span, headings=block.headings, place=span.place or block.place))
                at = span.end
        cut.append(replace(block, start=at))
    return tuple(block for block in cut if text[block.start : block.end].strip())


def pack(spans: Sequence[Span], longest: int) -> list[Span]:
    """Takes neighbours together as long as they fit one passage."""
    packed: list[Span] = []
    for start, end in spans:
        if packed and end - packed[-1][0] <= longest:
            packed[-1] = (packed[-1][0], end)
        else:
            packed.append((start, end))
    return packed


def _sections(text: str) -> list[Block]:
    """The runs between headings, each with the path of the headings above it."""
    sections: list[Block] = []
    path: list[tuple[int, str]] = []
    at = 0
    before = ""
    for line in _LINE.finditer(text):
        title = line[0].strip()
        level = _level(title)
        opens = text.endswith("\n\n", 0, line.start()) or not before or before[-1] in _ENDS
        if level and (opens or _level(before)):
            sections.append(Block(start=at, end=line.start(), headings=tuple(t for _, t in path)))
            path = [*((depth, name) for depth, name in path if depth < level), (level, title)]
            at = line.end()
        before = title or before
    sections.append(Block(start=at, end=len(text), headings=tuple(t for _, t in path)))
    return [section for section in sections if text[section.start : section.end].strip()]


def _level(line: str) -> int:
    return next((level for level, pattern in _LEVELS if pattern.fullmatch(line)), 0)


def _numbered(text: str, section: Block) -> list[Block]:
    """Cuts a section at its numbered paragraphs, 1.1 to the end of what follows it.

    A number counts when it goes on from the one before it or is gone on from: 3.5 at the
    head of a line may also be a length.
    """
    found = list(_NUMBERED.finditer(text, section.start, section.end))
    numbers = [tuple(int(part) for part in match.groups() if part) for match in found]
    follows = [
        (a[0] == b[0] and b[1] == a[1] + 1) or (b[0] == a[0] + 1 and b[1] <= 1)
        for a, b in pairwise(numbers)
    ]
    sure = [a or b for a, b in zip([False, *follows], [*follows, False], strict=True)]
    blocks = []
    start, place = section.start, ""
    for match, (chapter, verse), good in zip(found, numbers, sure, strict=False):
        if good:
            blocks.append(replace(section, start=start, end=match.start(), place=place))
            start, place = match.end(), f"{chapter}.{verse}"
    blocks.append(replace(section, start=start, place=place))
    return [block for block in blocks if text[block.start : block.end].strip()]


def _poems(text: str, longest: int) -> list[Span]:
    """Stanzas with the name that stands above them; neighbours stay together if they fit."""
    poems: list[Span] = []
    run: list[Span] = []
    name: Span | None = None
    for group in _GROUP.finditer(text):
        lines = [bare for line in group[0].split("\n") if (bare := line.strip())]
        if not lines:
            continue
        span = group.span()
        if _is_stanza(lines):
            if name:
                poems += pack(run, longest)
                run = [(name[0], span[1])]
            else:
                run.append(span)
            name = None
            continue
        name = span if len(lines) == 1 and _is_name(lines[0]) and not _level(lines[0]) else None
        if not name:
            poems += pack(run, longest)
            run = []
    return poems + pack(run, longest)


def _is_name(line: str) -> bool:
    return len(line) <= _NAME_MAX and line[-1] not in _ENDS + _VERSE_ENDS


def _is_stanza(lines: Sequence[str]) -> bool:
    """Whether they are short lines of like length, under a name and an author perhaps.

    Prose that was broken at a fixed width has lines of like length, too, but they end
    anywhere, those of a stanza all at a mark or none.
    """
    names = 0
    while names < min(2, len(lines) - 2) and _is_name(lines[names]) and _is_name(lines[0]):
        if len(lines[names]) == len(lines[-1]):
            break
        names += 1
    verses = lines[names:]
    lengths = [len(line) for line in verses]
    if len(verses) < 2 or max(lengths) > _VERSE_MAX or max(lengths) - min(lengths) > _VERSE_SPREAD:
        return False
    marked = all(line[-1] in _VERSE_ENDS for line in verses)
    bare = not any(mark in line for line in verses for mark in _VERSE_ENDS + _ENDS)
    joined = "".join(verses)
    return (marked or bare) and 2 * cjk_count(joined) > len(joined)
