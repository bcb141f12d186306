"""EPUB books: the chapters in the order of the spine, each by the HTML reader."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urldefrag

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.html import decode_html, parse_html
from qilu_rag.ingest.formats.markup import HEADINGS, add_markup, plain_text
from qilu_rag.ingest.reading import Assembly, Reading
from qilu_rag.ingest.zipped import open_zip

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTERS = ("application/xhtml+xml", "text/html")
_NCX = "application/x-dtbncx+xml"
_ASIDE = ("cover", "toc")
# Fonts may be scrambled without the book being locked
# (https://www.w3.org/TR/epub-33/#sec-font-obfuscation and Adobe's older way).
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What the package document says: names of files are those in the container."""

    title: str | None
    chapters: tuple[str, ...]
    nav: str | None  # the table of contents as a page
    ncx: str | None  # the same in the form of EPUB 2


def read_epub(data: bytes, source: str, limits: IngestSettings) -> Reading:
    """Reads a book; its cover and its table of contents are passed over.

    Raises:
        DocumentError: when it is no EPUB, damaged, locked or too large.
    """
    if not data.startswith(b"PK"):
        raise DocumentError(source, "is not a whole EPUB; export it again")
    with open_zip(data, source, limits) as archive:
        book = _open_book(archive, source)
        if _locked(archive, source) & set(book.chapters):
            raise DocumentError(source, "is locked by DRM; hand in a copy without it")
        labels = _labels(archive, book, source)
        assembly = Assembly()
        label = ""
        for name in book.chapters:
            text, _ = decode_html(_member(archive, name, source), source)
            page = parse_html(text, source)
            root = page.body or page
            # As in a reading program, a page without an entry belongs to the one before.
            label = labels.get(name, label)
            own = [plain_text(heading, source) for heading in root.find_all(HEADINGS)]
            said = not label or any(
                label in heading or heading in label for heading in own if heading
            )
            add_markup(assembly, root, source, headings=() if said else [label])
    return assembly.reading(title=book.title)


def _open_book(archive: zipfile.ZipFile, source: str) -> _Book:
    container = _xml(archive, _CONTAINER, source)
    path = next((x.get("full-path") for x in _all(container, "rootfile") if x.get("full-path")), "")
    package = _xml(archive, path, source)
    items = {x.get("id"): x for x in _all(package, "item")}
    files = {key: _resolve(path, item.get("href", "")) for key, item in items.items()}
    passed = {
        _resolve(path, reference.get("href", ""))
        for reference in _all(package, "reference")
        if reference.get("type") in _ASIDE
    }
    nav = [files[key] for key, x in items.items() if "nav" in x.get("properties", "").split()]
    ncx = [files[key] for key, x in items.items() if x.get("media-type") == _NCX]
    passed.update(nav)
    spine = dict.fromkeys(x.get("idref") for x in _all(package, "itemref"))
    chapters = [
        files[key] for key in spine if key in items and items[key].get("media-type") in _CHAPTERS
    ]
    titles = (" ".join("".join(x.itertext()).split()) for x in _all(package, "title"))
    return _Book(
        title=next(filter(None, titles), None),
        chapters=tuple(name for name in dict.fromkeys(chapters) if name not in passed),
        nav=next(iter(nav), None),
        ncx=next(iter(ncx), None),
    )


def _locked(archive: zipfile.ZipFile, source: str) -> set[str]:
    """The files that are encrypted."""
    if _ENCRYPTION not in archive.namelist():
        return set()
    return {
        unquote(reference.get("URI", ""))
        for data in _all(_xml(archive, _ENCRYPTION, source), "EncryptedData")
        if not any(x.get("Algorithm") in _FONT_ALGORITHMS for x in _all(data, "EncryptionMethod"))
        for reference in _all(data, "CipherReference")
    }


def _labels(archive: zipfile.ZipFile, book: _Book, source: str) -> dict[str, str]:
    """What the table of contents calls each file; where it names several parts, the first."""
    labels: dict[str, str] = {}
    for entries, name in ((_nav_entries, book.nav), (_ncx_entries, book.ncx)):
        if name and not labels:
            for target, label in entries(archive, name, source):
                if label:
                    labels.setdefault(_resolve(name, target), label)
    return labels


def _nav_entries(archive: zipfile.ZipFile, name: str, source: str) -> Iterator[tuple[str, str]]:
    page = parse_html(decode_html(_member(archive, name, source), source)[0], source)
    lists = page.find_all("nav", attrs={"epub:type": "toc"}) or page.find_all("nav")
    for link in lists[0].find_all("a", href=True) if lists else []:
        yield str(link["href"]), plain_text(link, source)


def _ncx_entries(archive: zipfile.ZipFile, name: str, source: str) -> Iterator[tuple[str, str]]:
    for point in _all(_xml(archive, name, source), "navPoint"):
        label = next(_all(point, "text"), None)
        content = next(_all(point, "content"), None)
        if label is not None and content is not None:
            yield content.get("src", ""), " ".join("".join(label.itertext()).split())


def _resolve(base: str, reference: str) -> str:
    """The member that a reference in another one means."""
    path = unquote(urldefrag(reference).url)
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))


def _member(archive: zipfile.ZipFile, name: str, source: str) -> bytes:
    try:
        return archive.read(name)  # checked for its size and soundness by `open_zip`
    except KeyError as error:
        raise DocumentError(source, f"lacks its part {name!r}; export it again") from error


def _xml(archive: zipfile.ZipFile, name: str, source: str) -> Any:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    data = _member(archive, name, source)
    try:
        return fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        reason = f"its part {name!r} is damaged ({type(error).__name__}); export it again"
        raise DocumentError(source, reason) from error


def _all(root: Any, name: str) -> Iterator[Any]:
    """The elements of that name, whatever their namespace: books are lax about it."""
    return (x for x in root.iter() if isinstance(x.tag, str) and x.tag.rpartition("}")[2] == name)
