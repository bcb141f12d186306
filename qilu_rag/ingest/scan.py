"""Scans: PDF pages without a text layer are drawn and read by OCR.

What was read is kept by the page's pixels and the engine's identity, so that a page is
read once however often it is ingested.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pypdfium2

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError, QiluError
from qilu_rag.ports import Image, Ocr, TextLine

SCANS = "scans.sqlite"
"""Name of the cache in a home."""

_DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72
_LONGEST_SIDE = 3000
_SCHEMA = "CREATE TABLE IF NOT EXISTS pages (key BLOB PRIMARY KEY, lines TEXT NOT NULL)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Reads scanned documents.

    Attributes:
        cache: the file where lines are kept; made when first written to.
    """

    ocr: Ocr
    cache: Path

    def read(self, data: bytes, source: str, limits: IngestSettings) -> list[str]:
        """The text of each page, its lines from top to bottom.

        Raises:
            DocumentError: when the file can't be drawn, is too long, holds no print, or
                a page can't be read with enough confidence.
        """
        pages = []
        for number, image in enumerate(_draw(data, source, limits), start=1):
            lines = self._lines(image)
            sure = fmean(line.confidence for line in lines) if lines else 1.0
            if sure < limits.scan_confidence:
                reason = f"page {number} can't be read well enough ({sure:.2f}); scan it again"
                raise DocumentError(source, reason)
            pages.append("\n".join(reading_order(lines)))
        if not any(pages):
            raise DocumentError(source, "has neither a text layer nor print that OCR can read")
        return pages

    def _lines(self, image: Image) -> list[TextLine]:
        stamp = f"{self.ocr.identity} {image.shape}".encode()
        key = hashlib.blake2b(stamp + image.tobytes(), digest_size=20).digest()
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.cache)) as connection, connection:
                connection.execute(_SCHEMA)
                held = connection.execute("SELECT lines FROM pages WHERE key = ?", (key,))
                if row := held.fetchone():
                    return [TextLine(**line) for line in json.loads(row[0])]
                lines = self.ocr.read(image)
                text = json.dumps([asdict(line) for line in lines], ensure_ascii=False)
                connection.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (key, text))
                return lines
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise QiluError(
                f"the cache of scanned pages {self.cache} can't be used ({error}); "
                "delete it and run again"
            ) from error


def _draw(data: bytes, source: str, limits: IngestSettings) -> Iterator[Image]:
    try:
        with closing(pypdfium2.PdfDocument(data)) as document:
            if len(document) > limits.max_scanned_pages:
                reason = f"is a scan of over {limits.max_scanned_pages} pages; split it"
                raise DocumentError(source, reason)
            for page in document:
                scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, _LONGEST_SIDE / max(page.get_size()))
                bitmap = page.render(scale=scale, rev_byteorder=True)
                pixels = bitmap.to_numpy()[:, :, :3]
                yield np.ascontiguousarray(pixels, dtype=np.uint8)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(source, f"can't be drawn ({error}); export it again") from error


def reading_order(lines: Sequence[TextLine]) -> list[str]:
    """Lines from top to bottom; boxes that stand side by side are one line, left to right."""
    if not lines:
        return []
    height = median(line.bottom - line.top for line in lines)
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        last = rows[-1][-1] if rows else None
        if last and abs((line.top + line.bottom) - (last.top + last.bottom)) < height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return ["".join(x.text for x in sorted(row, key=lambda x: x.left)) for row in rows]
