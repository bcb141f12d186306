"""Markup: a tree of HTML elements becomes paragraphs and rows under their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qilu_rag.errors import DocumentError
from qilu_rag.ingest.clean import clean_text, is_wide
from qilu_rag.ingest.formats.cells import Cell, row_texts
from qilu_rag.ingest.reading import Assembly

if TYPE_CHECKING:
    from bs4 import Tag
    from bs4.element import PageElement

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LINE, _PARAGRAPH = "\u2028", "\u2029"
"""Unicode's own separators stand for the ends of lines and paragraphs while text is gathered."""

# https://html.spec.whatwg.org/multipage/rendering.html#flow-content-3
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form header hgroup hr html legend li listing main menu "
    "ol optgroup p plaintext pre search section summary table tbody td tfoot th thead tr ul xmp "
    "h1 h2 h3 h4 h5 h6".split()
)
_DROPPED = frozenset(
    "audio base button canvas datalist embed head iframe input label link map meta nav noembed "
    "noframes noscript object option rp rt rtc script search select style svg template textarea "
    "title video".split()
)
_ROLES = frozenset("contentinfo dialog menu menubar navigation search toolbar".split())
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NOTE_MARK = re.compile(
    r"[\[［〔【(（]?[注註]?[\d一二三四五六七八九十①-⑳]{1,4}[\]］〕】)）]?|[*＊†↑↩^]\ufe0e?"
)
_GAP = re.compile(r"[ \t\r\n\f\xa0]+")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060"))
_LONGEST_HEADING = 80
_DEEPEST = 256


def add_markup(
    assembly: Assembly,
    root: Tag,
    source: str,
    *,
    headings: Sequence[str] = (),
    place: str = "",
) -> None:
    """Adds what a person reads of a page to a text.

    A heading stands in the path of what follows it; one that nothing follows, or that is
    a paragraph by its length, is text. Marks of notes (a link that is a number) go.

    Args:
        assembly: where it is added.
        root: the element that holds it.
        source: the file's name, for errors.
        headings: path of the headings above it.
        place: where it stands in the file, see `Block`.

    Raises:
        DocumentError: when it is nested too deep.
    """
    writer = _Writer(assembly, tuple(headings), place)
    for part in _parts(root, source, lambda tag: tag.name in HEADINGS or _is_data(tag)):
        if isinstance(part, str):
            writer.gathered.append(part)
        elif part.name in HEADINGS:
            writer.head(int(part.name[1]), plain_text(part, source))
        else:
            writer.table(part, source)
    writer.end()


def plain_text(tag: Tag, source: str) -> str:
    """What a person reads of an element, on one line."""
    text = "".join(part for part in _parts(tag, source) if isinstance(part, str))
    return " ".join(filter(None, map(_tidy, re.split(f"[{_LINE}{_PARAGRAPH}]", text))))


@dataclass(slots=True)
class _Writer:
    """Writes paragraphs under the headings that are open."""

    assembly: Assembly
    above: tuple[str, ...]
    place: str
    path: list[tuple[int, str]] = field(default_factory=list)
    bare: bool = False  # nothing stands under the last heading yet
    gathered: list[str] = field(default_factory=list)

    def add(self, text: str, *, under: Sequence[str] = (), apart: bool = False) -> None:
        headings = (*self.above, *(title for _, title in self.path), *under)
        self.assembly.add(text, headings=headings, place=self.place, apart=apart)
        self.bare = False

    def flush(self) -> None:
        text = "".join(self.gathered)
        self.gathered.clear()
        for paragraph in filter(None, map(_tidy, text.split(_PARAGRAPH))):
            self.add(paragraph)

    def head(self, level: int, text: str) -> None:
        self.flush()
        if len(text) > _LONGEST_HEADING:
            self.add(text)
        elif text:
            if self.path and level <= self.path[-1][0]:
                self.settle()
            self.path = [*((depth, title) for depth, title in self.path if depth < level)]
            self.path.append((level, text))
            self.bare = True

    def settle(self) -> None:
        """Makes a heading that nothing stands under a paragraph, so that it is not lost."""
        if self.bare:
            _, title = self.path.pop()
            self.add(title)

    def table(self, table: Tag, source: str) -> None:
        self.flush()
        caption = table.find("caption")
        title = plain_text(caption, source)[:_LONGEST_HEADING] if caption else ""
        for line in row_texts(_rows(table, source)):
            self.add(line, under=[title] if title else (), apart=True)

    def end(self) -> None:
        self.flush()
        self.settle()


def _parts(
    root: Tag, source: str, stop: Callable[[Tag], bool] = lambda _: False
) -> Iterator[str | Tag]:
    """The text below an element, with separators; elements to `stop` at come out whole."""
    from bs4.element import NavigableString, Tag

    stack: list[tuple[PageElement | str, int, bool]] = [
        (child, 0, False) for child in reversed(root.contents)
    ]
    while stack:
        node, depth, literal = stack.pop()
        if isinstance(node, Tag):
            if depth > _DEEPEST:
                raise DocumentError(source, f"is nested over {_DEEPEST} deep; save it more simply")
            if node.name == "br":
                yield _LINE
            elif _is_dropped(node):
                continue
            elif stop(node):
                yield node
            else:
                literal = literal or node.name in ("pre", "listing", "xmp")
                edge = _PARAGRAPH if node.name in _BLOCKS else ""
                yield edge
                stack.append((edge, depth, literal))
                stack += [(child, depth + 1, literal) for child in reversed(node.contents)]
        # Comments and the like are kinds of their own.
        elif type(node) in (NavigableString, str):
            yield str(node).replace("\r\n", "\n").replace("\n", _LINE) if literal else str(node)


def _is_dropped(tag: Tag) -> bool:
    """Whether an element is none of the text: not shown, or there to move about the site."""
    if tag.name in _DROPPED or tag.get("role") in _ROLES or _is_hidden(tag):
        return True
    if tag.name == "form":  # some frameworks wrap the whole page in one
        return tag.find(["p", "article", "main", *HEADINGS]) is None
    if tag.name == "footer":
        return tag.find_parent(["article", "main", "section", "blockquote"]) is None
    if tag.name == "a" and "#" in str(tag.get("href", "")):
        return _NOTE_MARK.fullmatch("".join(tag.stripped_strings)) is not None
    return tag.get("epub:type") == "pagebreak"


def _is_hidden(tag: Tag) -> bool:
    unseen = tag.get("hidden") is not None or tag.get("aria-hidden") == "true"
    return unseen or _INVISIBLE.search(str(tag.get("style", ""))) is not None


def _is_data(tag: Tag) -> bool:
    """Whether an element is a table of data, and not one that lays out a page."""
    if tag.name != "table" or tag.get("role") in ("presentation", "none"):
        return False
    if tag.find(["table", *HEADINGS]) is not None:
        return False
    wide = any(len(row.find_all(["td", "th"], limit=2)) > 1 for row in tag.find_all("tr"))
    return wide or tag.find("th") is not None


def _rows(table: Tag, source: str) -> list[list[Cell]]:
    rows = []
    for row in table.find_all("tr"):
        named = row.parent is not None and row.parent.name == "thead"
        rows.append(
            [
                Cell(
                    text=plain_text(cell, source),
                    head=named or cell.name == "th" or _is_bold(cell),
                    columns=_span(cell, "colspan"),
                    rows=_span(cell, "rowspan"),
                )
                for cell in row.find_all(["td", "th"], recursive=False)
                if not _is_dropped(cell)
            ]
        )
    return rows


def _is_bold(cell: Tag) -> bool:
    strong = cell.find(["strong", "b"])
    text = "".join(cell.stripped_strings)
    return strong is not None and bool(text) and "".join(strong.stripped_strings) == text


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, ""))
    # rowspan="0" reaches to the end of the table; the standard's bound is 65534.
    return max(1, min(int(value), 65534)) if re.fullmatch(r"[0-9]{1,5}", value) else 1


def _tidy(text: str) -> str:
    """White space as a browser shows it; a line end between Chinese characters is none."""
    text = _GAP.sub(_gap, text.translate(_UNSEEN))
    return clean_text(re.sub(f" ?{_LINE} ?", _LINE, text)).strip()


def _gap(found: re.Match[str]) -> str:
    start, end = found.span()
    before, after = found.string[max(start - 1, 0) : start], found.string[end : end + 1]
    broken = "\n" in found[0] and before and after
    return "" if broken and is_wide(before) and is_wide(after) else " "
