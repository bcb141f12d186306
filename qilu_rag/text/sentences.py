"""Sentences of Chinese and English text, as spans.

A sentence ends at 。！？… or at a full stop before white space, with the closing quotes
and brackets that follow, and at a line break. Ends inside an open quotation, bracket or
title mark do not count, so a quotation is never cut in two; a mark that is never closed
on its line is ignored.
"""

from __future__ import annotations

Span = tuple[int, int]

_PAIRS = {"“": "”", "‘": "’", "「": "」", "『": "』", "《": "》", "（": "）", "(": ")", "【": "】"}
_CLOSERS = frozenset(_PAIRS.values())
_QUOTES = frozenset("“‘「『")
_QUOTE_ENDS = frozenset(_PAIRS[mark] for mark in _QUOTES)
_DEEPEST = 32  # marks that are looked through for a partner: hostile text opens thousands
_ENDS = frozenset("。！？!?…")
_CONTINUES = frozenset("（(，、；：,;:的")
_ABBREVIATIONS = ("Mr.", "Mrs.", "Dr.", "St.", "Mt.", "No.", "c.", "ca.", "e.g.", "i.e.", "vs.")


def sentence_spans(text: str) -> list[Span]:
    """Cuts a text into sentences.

    Returns:
        Spans (start, end) in order that do not overlap, none empty or blank; white
        space between sentences belongs to no span.
    """
    spans: list[Span] = []
    at = 0
    for line in text.splitlines(keepends=True):
        spans += [(at + a, at + b) for a, b in _line_spans(line)]
        at += len(line)
    return spans


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without the white space between them."""
    return [text[a:b] for a, b in sentence_spans(text)]


def quotation_spans(text: str) -> list[Span]:
    """The quotations, marks included, over line breaks too; outer ones only, in order."""
    quotes: list[Span] = []
    stack: list[int] = []
    for at, char in enumerate(text):
        if char in _QUOTES:
            stack.append(at)
        elif char in _QUOTE_ENDS:
            for depth in range(1, min(len(stack), _DEEPEST) + 1):
                if _PAIRS[text[stack[-depth]]] == char:
                    while quotes and quotes[-1][0] > stack[-depth]:
                        quotes.pop()
                    quotes.append((stack[-depth], at + 1))
                    del stack[-depth:]
                    break
    return quotes


def complete_until(text: str) -> int:
    """How much of a text that is still being written is whole sentences.

    Returns:
        The end of the last sentence that more text can't lengthen, else 0. A mark that
        is still open on the last line holds back what follows it: its partner may come.
    """
    lines = text.splitlines(keepends=True)
    if not lines:
        return 0
    last = "" if lines[-1].splitlines()[0] != lines[-1] else lines.pop()
    before = "".join(lines)
    matching, opened = _matched(last)
    # The last cut is the rest of the line; one that reaches its end may take in a closer.
    safe = [
        span
        for start, end in _cuts(last, matching)[:-1]
        if end < len(last) and end <= opened and (span := _strip(last, (start, end)))
    ]
    if safe:
        return len(before) + safe[-1][1]
    return max((end for _, end in sentence_spans(before)), default=0)


def _line_spans(line: str) -> list[Span]:
    matching, _ = _matched(line)
    return [span for cut in _cuts(line, matching) if (span := _strip(line, cut))]


def _cuts(line: str, matching: set[int]) -> list[Span]:
    spans: list[Span] = []
    depth = 0
    start = 0
    at = 0
    while at < len(line):
        if at in matching:
            depth += 1 if line[at] in _PAIRS else -1
            ended = depth == 0 and line[at] in "”’」』" and line[at - 1] in _ENDS
            at += 1
            if ended and not _goes_on(line, at):
                spans.append((start, at))
                start = at
            continue
        if depth == 0 and _is_end(line, at):
            at = _past_end(line, at)
            spans.append((start, at))
            start = at
            continue
        at += 1
    spans.append((start, len(line)))
    return spans


def _matched(line: str) -> tuple[set[int], int]:
    """Positions of the marks that have their partner on the line.

    Also the position of the first mark that could still find one, if the line went on.
    """
    stack: list[int] = []
    found: set[int] = set()
    for at, char in enumerate(line):
        if char in _PAIRS:
            stack.append(at)
        elif char in _CLOSERS:
            for depth in range(len(stack) - 1, max(len(stack) - 1 - _DEEPEST, -1), -1):
                if _PAIRS[line[stack[depth]]] == char:
                    found |= {stack[depth], at}
                    del stack[depth:]
                    break
    return found, stack[0] if stack else len(line)


def _goes_on(line: str, at: int) -> bool:
    return at < len(line) and (line[at] in _CONTINUES or line[at] in _ENDS)


def _is_end(line: str, at: int) -> bool:
    if line[at] in _ENDS:
        return True
    if line[at] != ".":
        return False
    if at + 1 < len(line) and not line[at + 1].isspace():
        return False
    word = line[: at + 1].rsplit(" ", maxsplit=1)[-1]
    return not word.endswith(_ABBREVIATIONS) and not (len(word) == 2 and word[0].isupper())


def _past_end(line: str, at: int) -> int:
    at += 1
    while at < len(line) and (line[at] in _ENDS or line[at] in "”’」』\"')）"):
        at += 1
    return at


def _strip(line: str, span: Span) -> Span | None:
    start, end = span
    while start < end and line[start].isspace():
        start += 1
    while end > start and line[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
