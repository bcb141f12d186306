"""HTML pages: the article, without what surrounds it on a site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.formats.markup import HEADINGS, add_markup, plain_text
from qilu_rag.ingest.reading import Assembly, Reading

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_MOST_TAGS = 500_000
_HEAD = 4096
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CHARSET = re.compile(
    rb"<meta[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_CODECS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs",
}
"""Labels of Chinese encodings, and for each the codec that holds them all
(https://encoding.spec.whatwg.org/#names-and-labels)."""
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_INSTRUCTION = re.compile(r"<\?[^<>]*>")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read_html(data: bytes, source: str, _limits: IngestSettings) -> Reading:
    """Reads a page.

    Raises:
        DocumentError: when its encoding is not known, it has too many tags, or they are
            nested too deep.
    """
    text, encoding = decode_html(data, source)
    soup = parse_html(text, source)
    root = _article(soup)
    assembly = Assembly()
    add_markup(assembly, root, source)
    return assembly.reading(title=_title(soup, root, source), encoding=encoding)


def decode_html(data: bytes, source: str) -> tuple[str, str]:
    """Decodes a page: as the Chinese encoding that it names, or as any other text.

    What is valid UTF-8 is that, whatever it says: pages that were saved anew often keep
    the old label, and Chinese in another encoding is never valid UTF-8 by chance.

    Returns:
        The text and the name of the encoding, as `decode` does.
    """
    said = None if data.startswith(_BOMS) or _is_utf8(data) else _CHARSET.search(data[:_HEAD])
    if said and (codec := _CODECS.get((said[1] or said[2]).decode().lower())):
        try:
            return data.decode(codec), codec
        except UnicodeDecodeError:
            pass  # it is mislabelled
    return decode(data, source)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def parse_html(text: str, source: str) -> BeautifulSoup:
    """Parses a page or a fragment; nothing is loaded and no entity of its own expands.

    Raises:
        DocumentError: when it has too many tags to be held as a tree.
    """
    from bs4 import BeautifulSoup

    if text.count("<") - text.count("</") > _MOST_TAGS:
        raise DocumentError(source, f"has over {_MOST_TAGS:,} tags; split it")
    # Declarations go, entities and all: the parser takes some of their innards for text.
    text = _DOCTYPE.sub("", text[:_HEAD], count=1) + text[_HEAD:]
    text = _CONTROLS.sub("", _INSTRUCTION.sub("", text))
    # With one of ours the library does not guess that a short text is the name of a file.
    return BeautifulSoup(f"<!DOCTYPE html>{text}", "lxml")


def _article(soup: BeautifulSoup) -> Tag:
    """The element that holds the article: its own if it is marked, else the whole page."""
    whole = soup.body or soup
    marked = soup.find_all("main") or soup.find_all("article") or soup.find_all(role="main")
    if len(marked) == 1 and 2 * _length(marked[0]) > _length(whole):
        return marked[0]
    return whole


def _length(tag: Tag) -> int:
    return sum(map(len, tag.stripped_strings))


def _title(soup: BeautifulSoup, root: Tag, source: str) -> str | None:
    """The page's title, without the name of the site where a heading repeats the rest."""
    title = plain_text(soup.title, source) if soup.title else ""
    graph = soup.find("meta", property="og:title")
    named = [" ".join(str(graph.get("content", "")).split())] if graph else []
    named += [plain_text(heading, source) for heading in root.find_all(HEADINGS[0], limit=9)]
    named = [name for name in named if name]
    return next((name for name in named if name in title), title or next(iter(named), None))
