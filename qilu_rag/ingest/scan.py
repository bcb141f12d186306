"""Scans: pages without a text layer are drawn and read by OCR.

What was read is kept by the page's pixels and the engine's identity, so that a page is
read once however often it is ingested.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.call import Call
from qilu_rag.ingest.columns import in_columns, rows_of
from qilu_rag.ingest.reading import Pages
from qilu_rag.ingest.sqlite import cache_failure
from qilu_rag.ports import Image, Ocr, TextLine

SCANS = "scans.sqlite"
"""Name of the cache in a home."""

_UNREADABLE = 0.5
_SCHEMA = "CREATE TABLE IF NOT EXISTS pages (key BLOB PRIMARY KEY, lines TEXT NOT NULL)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """Reads scanned documents.

    Attributes:
        cache: the file where lines are kept; made when first written to.
    """

    ocr: Ocr
    cache: Path

    def fill(
        self,
        pages: Pages,
        data: bytes,
        draw: Callable[[bytes, int, str], Image],
        source: str,
        limits: IngestSettings,
        call: Call,
    ) -> tuple[Pages, tuple[tuple[int, float], ...]]:
        """Reads the pages that have no text.

        Returns:
            The pages with all texts, lines from top to bottom, and for each page that was
            read its number and how sure the reading is, 0 to 1.

        Raises:
            DocumentError: when a page can't be drawn, or is read with less than half the
                confidence that is set, there are too many of them, or no page holds print.
        """
        if pages.texts.count(None) > limits.max_scanned_pages:
            reason = f"is a scan of over {limits.max_scanned_pages} pages; split it"
            raise DocumentError(source, reason)
        texts, scanned = [], []
        for number, text in enumerate(pages.texts, start=1):
            if text is None:
                lines = self._lines(call(draw, data, number, source, source=source))
                sure = fmean(line.confidence for line in lines) if lines else 1.0
                if sure < limits.scan_confidence * _UNREADABLE:
                    reason = f"page {number} can't be read well enough ({sure:.2f}); scan it again"
                    raise DocumentError(source, reason)
                scanned.append((number, sure))
                text = "\n".join(reading_order(lines))  # noqa: PLW2901
            texts.append(text)
        if not any(texts):
            raise DocumentError(source, "has neither a text layer nor print that OCR can read")
        return replace(pages, texts=tuple(texts)), tuple(scanned)

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
            raise cache_failure("the cache of scanned pages", self.cache, error) from error


def reading_order(lines: Sequence[TextLine]) -> list[str]:
    """Lines from top to bottom, of two columns the left one before the right one.

    Boxes that stand side by side in a column are one line, left to right.
    """
    rows = (row for group in in_columns(lines) for row in rows_of(group))
    return ["".join(line.text for line in row) for row in rows]
