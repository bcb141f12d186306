"""Scans: drawn, read once, put in reading order, refused when they can't be read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from qilu_rag.backends.fakes import FakeOcr
from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError, QiluError
from qilu_rag.ingest.call import call_here
from qilu_rag.ingest.files import Problem
from qilu_rag.ingest.formats.pdf import draw_pdf, read_pdf
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.pipeline import Pipeline
from qilu_rag.ingest.scan import SCANS, Scanner, reading_order
from qilu_rag.ports import TextLine
from qilu_rag.types import Document

LIMITS = IngestSettings()
BODIES = {
    1: "Mount Tai stands in the middle of Shandong and is 1532.7 metres high.",
    3: "Pilgrims climb more than six thousand steps to the Jade Emperor Peak.",
}


def scan(pages: int = 2, *, blank: bool = False) -> bytes:
    """A PDF whose pages are pictures."""
    pdf = FPDF()
    for number in range(pages):
        pixels = np.full((200, 140), 255, dtype=np.uint8)
        if not blank:
            pixels[50 : 60 + number, 20:120] = 0
        pdf.add_page()
        file = io.BytesIO()
        Pictures.fromarray(pixels).save(file, "PNG")
        pdf.image(file, 0, 0, 210, 297)
    return bytes(pdf.output())


def read(
    scanner: Scanner, data: bytes, name: str = "a.pdf", limits: IngestSettings = LIMITS
) -> tuple[str | None, ...]:
    pages, _ = scanner.fill(read_pdf(data, name, limits), data, draw_pdf, name, limits, call_here)
    return pages.texts


@pytest.fixture
def ocr() -> FakeOcr:
    return FakeOcr(
        ["沂蒙六姐妹", "沂蒙六姐妹是烟庄的六位姑娘。"], ["摊煎饼", "六位姑娘为前线摊煎饼、做军鞋。"]
    )


@pytest.fixture
def scanner(ocr: FakeOcr, tmp_path: Path) -> Scanner:
    return Scanner(ocr=ocr, cache=tmp_path / "new" / "scans.sqlite")


def test_a_scan_becomes_a_document(scanner: Scanner, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scan())
    path.with_suffix(".yaml").write_text("id: a\ntitle: 六姐妹\norigin: human\n", "utf-8")
    (item,) = load_file(path, LIMITS, scanner)
    assert isinstance(item, Document)
    assert item.entry.origin == "ocr"
    assert "烟庄的六位姑娘" in item.text
    assert "摊煎饼" in item.text
    assert {block.place for block in item.blocks} == {"第1页", "第2页"}
    assert [(n, round(sure, 2)) for n, sure in item.scanned] == [(1, 0.99), (2, 0.99)]


def test_without_ocr_a_scan_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scan())
    (item,) = load_file(path, LIMITS)
    assert isinstance(item, Problem)
    assert "no text layer" in item.reason


def test_a_page_is_read_once(scanner: Scanner, ocr: FakeOcr) -> None:
    first = read(scanner, scan(1))
    assert read(scanner, scan(1), "b.pdf") == first
    assert ocr.pages == 1


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (scan(2, blank=True), LIMITS, "neither a text layer nor print"),
        (scan(3), IngestSettings(max_scanned_pages=2), "over 2 pages"),
    ],
)
def test_what_is_refused(
    scanner: Scanner, data: bytes, limits: IngestSettings, reason: str
) -> None:
    with pytest.raises(DocumentError, match=reason):
        read(scanner, data, limits=limits)


def test_a_page_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    scanner = Scanner(ocr=FakeOcr(confidence=0.34), cache=tmp_path / SCANS)
    with pytest.raises(DocumentError, match=r"page 1 can't be read well enough \(0.34\)"):
        read(scanner, scan(1))


@pytest.mark.parametrize(
    ("confidence", "front", "state"),
    [
        (0.6, "review: {state: approved}\n", "draft"),
        (0.6, "review: {state: retired}\n", "retired"),
        (0.9, "review: {state: approved}\n", "approved"),
        (0.9, "", "draft"),
    ],
)
def test_an_unsure_scan_is_a_draft(
    tmp_path: Path, confidence: float, front: str, state: str
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(scan(1))
    path.with_suffix(".yaml").write_text(f"id: a\ntitle: 六姐妹\n{front}", "utf-8")
    scanner = Scanner(ocr=FakeOcr(confidence=confidence), cache=tmp_path / SCANS)
    (item,) = load_file(path, LIMITS, scanner)
    assert isinstance(item, Document)
    assert (item.entry.origin, item.entry.review.state) == ("ocr", state)
    assert [(page, round(sure, 3)) for page, sure in item.scanned] == [(1, confidence)]


def mixed() -> bytes:
    """Three pages: text, a scan with a page number, text."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    picture = Pictures.new("L", (140, 200), 200)
    for number in (1, 2, 3):
        pdf.add_page()
        if number == 2:
            pdf.image(picture, 0, 0, 210, 297)
            pdf.text(100, 290, "- 2 -")
        else:
            pdf.text(20, 20, BODIES[number])
    return bytes(pdf.output())


def test_the_pages_that_need_ocr_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(mixed())
    (item,) = load_file(path, LIMITS)
    assert isinstance(item, Problem)
    assert "on page 2;" in item.reason


def test_only_the_pages_without_text_are_scanned(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(mixed())
    picture = FakeOcr(["扫描的第二页上有这样一句话。"])
    (item,) = load_file(path, LIMITS, Scanner(ocr=picture, cache=tmp_path / SCANS))
    assert isinstance(item, Document)
    assert [number for number, _ in item.scanned] == [2]
    assert "扫描的第二页" in item.text
    assert all(body in item.text for body in BODIES.values())
    assert picture.pages == 1


def test_what_can_not_be_drawn_is_named() -> None:
    with pytest.raises(DocumentError, match="can't be drawn"):
        draw_pdf(b"%PDF-1.7", 1, "a.pdf")


def test_a_broken_cache_is_named(scanner: Scanner) -> None:
    scanner.cache.parent.mkdir()
    scanner.cache.write_bytes(b"no database" * 100)
    with pytest.raises(QiluError, match=r"scans\.sqlite.*delete it"):
        read(scanner, scan(1))


def test_the_pipeline_reads_scans(pipeline: Pipeline, ocr: FakeOcr, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(scan())
    assert len(pipeline.run([folder], lambda *_: None).quarantined) == 1
    reading = Pipeline(
        home=pipeline.home,
        settings=pipeline.settings,
        store=pipeline.store,
        embedder=pipeline.embedder,
        screen=pipeline.screen,
        ocr=ocr,
    )
    report = reading.run([folder], lambda *_: None)
    assert (report.documents, report.quarantined) == (1, ())
    assert not reading.run([folder], lambda *_: None).changed
    assert ocr.pages == 2


def line(text: str, left: float, top: float, height: float = 20) -> TextLine:
    return TextLine(
        text=text, confidence=1, left=left, top=top, right=left + 50, bottom=top + height
    )


def test_lines_in_reading_order() -> None:
    found = [line("丁", 10, 62), line("乙", 80, 12), line("甲", 10, 9), line("丙", 11, 40)]
    assert reading_order(found) == ["甲乙", "丙", "丁"]
    assert reading_order([]) == []


def test_two_columns_are_read_one_after_the_other() -> None:
    head = TextLine(text="题", confidence=1, left=10, top=0, right=390, bottom=20)
    left = [
        TextLine(text=f"左{n}", confidence=1, left=10, top=30 * n, right=190, bottom=30 * n + 20)
        for n in range(1, 8)
    ]
    right = [
        TextLine(
            text=f"右{n}", confidence=1, left=220, top=30 * n + 9, right=390, bottom=30 * n + 29
        )
        for n in range(1, 8)
    ]
    found = reading_order([*right, head, *left])
    assert found == ["题", *(f"左{n}" for n in range(1, 8)), *(f"右{n}" for n in range(1, 8))]


@given(
    st.lists(
        st.builds(line, st.text("甲乙丙丁", min_size=1), st.floats(0, 900), st.floats(0, 900)),
        max_size=30,
    )
)
def test_no_line_is_lost(lines: list[TextLine]) -> None:
    assert sorted("".join(reading_order(lines))) == sorted("".join(x.text for x in lines))
