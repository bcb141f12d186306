"""Cleaning: what is markup or print layout goes, what an author wrote stays."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from qilu_rag.text.fold import is_cjk
from qilu_rag.text.sentences import split_sentences

# A run of spaces is tried at its start only, or a hostile one would take quadratic time.
_SOURCE_MARK = re.compile(r"(?<![ \t])[ \t]*\[s\d+\]")
_TRAILING = re.compile(r"(?<![ \t])[ \t]+$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_BULLET = re.compile(r"^[ \t]*(?:[-*+]|\d+\.)[ \t]+", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")
_DIGITS = re.compile(r"\d+|[一二三四五六七八九十百]+(?=\s*页)")
_FULL = 0.75
_SENTENCE_END = "。！？!?…；;：:”』）)"


def clean_text(text: str) -> str:
    """Line ends to newlines, control characters out, trailing space and long gaps closed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    for separator in "\x0b\x0c\x1c\x1d\x1e\x85\u2029":
        text = text.replace(separator, "\n")
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Co"))
    text = "".join(kept).replace("\ufeff", "")
    text = _TRAILING.sub("", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def clean_markdown(text: str) -> str:
    """Takes Markdown's marks and the corpus's source marks out of a text."""
    text = _COMMENT.sub("", clean_text(text))
    text = _SOURCE_MARK.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _BULLET.sub("", text)
    return _EMPHASIS.sub(r"\2", text)


def list_items(text: str) -> set[int]:
    """Which lines of `clean_markdown(text)`, counted from 0, begin an item of a list.

    Cleaning takes nothing away that spans lines but comments.
    """
    lines = _COMMENT.sub("", clean_text(text)).split("\n")
    return {at for at, line in enumerate(lines) if _BULLET.match(line)}


def clean_pages(pages: Sequence[str]) -> list[list[str]]:
    """Turns the raw text of a PDF's pages into paragraphs, page by page.

    Running heads and feet (lines that recur at the edge of pages, page numbers aside)
    are dropped, and lines that were broken by the width of the page are joined again:
    without a space between Chinese characters, with one between words.
    """
    plain = (_SOURCE_MARK.sub("", clean_text(page)) for page in pages)
    lines = [[line.strip() for line in page.split("\n")] for page in plain]
    lines = [[line for line in page if line] for page in lines]
    running = _running_lines(lines)
    return [
        _paragraphs([line for at, line in enumerate(page) if not _is_running(page, at, running)])
        for page in lines
    ]


def _edge(page: Sequence[str], at: int) -> bool:
    return at < 2 or at >= len(page) - 2


def _shape(line: str) -> str:
    return _DIGITS.sub("#", line)


def _running_lines(pages: Sequence[Sequence[str]]) -> set[str]:
    seen = Counter(
        shape
        for page in pages
        for shape in {_shape(line) for at, line in enumerate(page) if _edge(page, at)}
    )
    return {shape for shape, count in seen.items() if count > 1 and count * 2 > len(pages)}


def _is_running(page: Sequence[str], at: int, running: set[str]) -> bool:
    line = page[at]
    bare_number = line.strip("-—· ").isdigit()
    return _edge(page, at) and (bare_number or _shape(line) in running)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    column = max(map(_width, lines), default=0)
    paragraphs: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        # A line that ends a sentence ends a paragraph for our purposes, and so does a
        # line that stops far short of the column: a heading.
        if before and not ends_sentence(before) and _width(before) >= _FULL * column:
            paragraphs[-1] = join_lines(paragraphs[-1], line)
        else:
            paragraphs.append(line)
    return paragraphs


def _width(line: str) -> int:
    """Columns that a line takes: a Chinese character takes two."""
    return sum(2 if is_wide(char) else 1 for char in line)


def ends_sentence(line: str) -> bool:
    """Whether a line ends a sentence; a full stop after an abbreviation (Mt.) does not."""
    bare = line.rstrip("\"'”’")
    if line[-1] in _SENTENCE_END or not bare.endswith("."):
        return line[-1] in _SENTENCE_END
    return split_sentences(f"{bare[-40:]} X")[-1] == "X"


def join_lines(first: str, second: str) -> str:
    """Joins a broken line: a hyphen goes, Chinese joins bare, words with a space."""
    if first.endswith("-") and first[-2:-1].isascii() and second[:1].islower():
        return first[:-1] + second
    if is_wide(first[-1]) or is_wide(second[0]):
        return first + second
    return f"{first} {second}"


def is_wide(char: str) -> bool:
    """Whether a character is Chinese or full-width punctuation, which take no spaces."""
    return is_cjk(char) or unicodedata.east_asian_width(char) in "WF" or char in "“”‘’…—·"
