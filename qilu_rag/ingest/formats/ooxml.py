"""Office Open XML: what DOCX and PPTX have in common, and how damage to them is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.zipped import open_zip

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOLDERS = {"DOCX": "word/", "PPTX": "ppt/", "XLSX": "xl/"}
_MOST_TAGS = 5_000_000
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_FORMULAIC = ("PowerPoint ", "Microsoft ", "演示文稿", "幻灯片 ", "文档", "WPS ")
"""What the programs themselves write in the title of a file."""


def check_office(data: bytes, source: str, limits: IngestSettings, kind: str) -> str | None:
    """Checks that a file is what its name says and that its library can open it safely.

    Args:
        data: the file.
        source: its name, for errors.
        limits: bounds of its size.
        kind: DOCX, PPTX or XLSX.

    Returns:
        The title in its properties.

    Raises:
        DocumentError: when it is another format, encrypted, damaged or too large, or its
            XML declares entities.
    """
    if data.startswith(_OLE):
        reason = f"is encrypted or in the format before {kind}; save it as {kind} without password"
        raise DocumentError(source, reason)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise DocumentError(source, f"is not a whole {kind}; save it as {kind} again")
    with open_zip(data, source, limits) as archive:
        names = archive.namelist()
        if not any(name.startswith(_FOLDERS[kind]) for name in names):
            found = [
                k for k, folder in _FOLDERS.items() if any(n.startswith(folder) for n in names)
            ]
            what = f"is a {found[0]}" if found else "is another kind of zip container"
            raise DocumentError(source, f"{what} and not a {kind}; mend the end of its name")
        with whole(source, kind):
            for name in names:
                # What other programs keep in customXml is read by no one here.
                if name.endswith((".xml", ".rels")) and not name.startswith("customXml/"):
                    _check_xml(archive.read(name), source)
            return _core_title(archive.read(_CORE)) if _CORE in names else None


@contextmanager
def whole(source: str, kind: str) -> Iterator[None]:
    """What fails in here is damage to the file.

    Raises:
        DocumentError: in place of every other error.
    """
    try:
        yield
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        # mammoth and python-pptx let inner errors of every kind through on damaged files.
        raise DocumentError(
            source, f"is not a whole {kind} ({type(error).__name__}); save it again"
        ) from error


def _check_xml(data: bytes, source: str) -> None:
    """Refuses what would grow in a parser: the format allows no declarations of types."""
    from xml.sax import ContentHandler

    from defusedxml import DTDForbidden
    from defusedxml.sax import parseString

    if data.count(b"<") > _MOST_TAGS:
        raise DocumentError(source, f"has over {_MOST_TAGS:,} tags; split it")
    try:
        parseString(data, ContentHandler(), forbid_dtd=True)
    except DTDForbidden as error:
        raise DocumentError(source, "declares entities; save it again") from error


def _core_title(data: bytes) -> str | None:
    from defusedxml.ElementTree import fromstring

    title = " ".join((fromstring(data).findtext(_TITLE) or "").split())
    return title if title and not title.startswith(_FORMULAIC) else None
