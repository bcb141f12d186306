"""What every OCR engine keeps to, fake or real."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from qilu_rag.backends.fakes import FakeOcr
from qilu_rag.backends.rapid_ocr import RapidOcr
from qilu_rag.ports import Image, Ocr

WORDS = "Mount Tai 1532.7"


def page(text: str = WORDS) -> Image:
    picture = Pictures.new("RGB", (700, 300), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((60, 100), text, fill="black", font=ImageFont.load_default(48))
    return np.asarray(picture, dtype=np.uint8)


@pytest.fixture(scope="module", params=["fake", pytest.param("real", marks=pytest.mark.model)])
def ocr(request: pytest.FixtureRequest) -> Ocr:
    return FakeOcr([WORDS]) if request.param == "fake" else RapidOcr()


def test_it_reads_a_line_and_says_where(ocr: Ocr) -> None:
    (line,) = ocr.read(page())
    assert "".join(line.text.split()) == "".join(WORDS.split())
    assert 0.7 < line.confidence <= 1
    assert 0 <= line.left < line.right <= 700
    assert 0 <= line.top < line.bottom <= 300


def test_an_empty_page_has_no_lines(ocr: Ocr) -> None:
    assert ocr.read(page("")) == []


def test_it_says_who_it_is(ocr: Ocr) -> None:
    assert ocr.identity
    assert ocr.identity == ocr.identity.strip()
