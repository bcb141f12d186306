"""OCR by RapidOCR: PP-OCR models out of its own wheel, on ONNX Runtime, offline."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import Any

from qilu_rag.ports import Image, TextLine


class RapidOcr:
    """Reads Chinese and English print. The models are loaded at the first page."""

    @cached_property
    def identity(self) -> str:
        """Its version: the models come with the wheel."""
        return f"rapidocr {version('rapidocr')}"

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        return RapidOCR(params={"Global.log_level": "error"})

    def read(self, image: Image) -> list[TextLine]:
        found = self._engine(image)
        if found.boxes is None:
            return []
        return [
            TextLine(
                text=text,
                confidence=float(score),
                left=float(box[:, 0].min()),
                top=float(box[:, 1].min()),
                right=float(box[:, 0].max()),
                bottom=float(box[:, 1].max()),
            )
            for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]
