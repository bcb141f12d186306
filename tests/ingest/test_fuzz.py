"""Fuzzing: whatever stands in a file, loading it gives documents or problems, soon."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.files import READABLE, Problem
from qilu_rag.ingest.load import load_file

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
"""Of each kind and format."""

SECONDS = 10
LIMITS = IngestSettings(max_file_bytes=2**20, max_expanded_bytes=2**22, max_members=50)
MARKDOWN = """---
id: taishan
title: 泰山
aliases: [岱宗]
place: {city: 泰安, lon: 117.1}
era: {text: 秦, from: -219}
---
泰山在**山东省**中部。<!-- 注 -->见[孔子](kongzi.md)[s1]。

## 封禅 ##

- 秦始皇登泰山`封禅`。
"""


def pdf() -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=11)
    for text in ("Mount Tai stands in the middle of Shandong.", "Pilgrims climb many steps."):
        made.add_page()
        made.cell(0, 8, text)
    return bytes(made.output())


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("典籍/a.md", "b/c.txt", "d.jsonl"):
            made.writestr(name, MARKDOWN)
        made.writestr("b/c.yaml", "id: c\ntitle: 题\n")
    return file.getvalue()


def packed(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members.items():
            made.writestr(name, text)
    return file.getvalue()


def docx() -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in ("泰山", "孔庙。"))
    return packed(**{
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
    })  # fmt: skip


def epub() -> bytes:
    page = (
        "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>泰山</h1><p>岱宗。</p></body></html>"
    )
    return packed(**{
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
        "a.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
        "a.xhtml": page,
    })  # fmt: skip


def pptx() -> bytes:
    from pptx import Presentation

    deck, file = Presentation(), io.BytesIO()
    shown = deck.slides.add_slide(deck.slide_layouts[1])
    shown.shapes.title.text = "泰山"
    shown.placeholders[1].text = "岱宗。"
    deck.save(file)
    return file.getvalue()


def xlsx() -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    for row in (["名称", "批次"], ["孔庙", 1], ["泰山", 2]):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def picture(suffix: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    kind = Image.registered_extensions()[suffix]
    Image.new("RGB", (40, 30), "white").save(file, kind)
    return file.getvalue()


PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
HTML = "<html><head><title>泰山</title></head><body><h1>泰山</h1><p>岱宗。<table><tr><th>名<th>批<tr><td>孔庙<td>1</table>"
SEEDS: dict[str, Callable[[], bytes]] = {
    ".pdf": pdf,
    ".zip": archive,
    ".docx": docx,
    ".epub": epub,
    ".pptx": pptx,
    ".jsonl": '{"id": "a", "title": "题", "text": "泰山。"}\n{"id": 2, "text": "孔子。"}'.encode,
    **dict.fromkeys((".xlsx", ".xlsm"), xlsx),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML.encode),
    **dict.fromkeys((".csv", ".tsv"), "名称,批次\n孔庙,1\n泰山,2\n".encode),
}


@cache
def seed(suffix: str) -> bytes:
    """A sound file of a format, to be damaged."""
    if suffix in PICTURES:
        return picture(suffix)
    return SEEDS.get(suffix, MARKDOWN.encode)()


@st.composite
def damaged(draw: st.DrawFn, suffix: str) -> bytes:
    """A sound file with bits flipped, pieces cut out, doubled, moved and written over."""
    data = bytearray(seed(suffix))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), start + draw(st.integers(1, 40)))
        match draw(st.sampled_from(["flip", "cut", "double", "move", "write", "end"])):
            case "flip" if data:
                data[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[start:end]
            case "double":
                data[start:start] = data[start:end] * draw(st.integers(1, 50))
            case "move":
                at = draw(st.integers(0, len(data)))
                data[at:at] = data[start:end]
            case "write":
                data[start:end] = draw(st.binary(max_size=40) | st.sampled_from([b"99999999999", b"-1", b"\0" * 40, b"\xff" * 8]))  # fmt: skip
            case "end":
                del data[start:]
    return bytes(data)


def check(folder: Path, suffix: str, data: bytes) -> None:
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    start = time.monotonic()
    for item in load_file(path, LIMITS):
        if isinstance(item, Problem):
            assert item.source.startswith(str(path))
            assert item.reason
            assert "\n" not in item.reason
            f"{item.source} {item.reason}".encode()
        else:
            assert item.text.strip()
            item.text.encode()
            ends = [0]
            for block in item.blocks:
                assert ends[-1] <= block.start < block.end <= len(item.text)
                ends.append(block.end)
    assert time.monotonic() - start < SECONDS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# One is never read, the others need OCR.
@pytest.mark.parametrize("suffix", sorted(READABLE - {".xls", *PICTURES}))
def test_the_seeds_are_sound(folder: Path, suffix: str) -> None:
    path = folder / f"seed{suffix}"
    path.write_bytes(seed(suffix))
    items = list(load_file(path, LIMITS))
    assert items
    assert not all(isinstance(item, Problem) for item in items)


@pytest.mark.parametrize("suffix", sorted(READABLE))
def test_any_bytes(folder: Path, suffix: str) -> None:
    @settings(max_examples=EXAMPLES, database=None)
    @given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
    def holds(data: bytes) -> None:
        check(folder, suffix, data)

    holds()


@pytest.mark.parametrize("suffix", sorted(READABLE))
def test_damaged_files(folder: Path, suffix: str) -> None:
    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged(suffix))
    def holds(data: bytes) -> None:
        check(folder, suffix, data)

    holds()


UNITS = ["[", "[](", "![", "<!--", "**a ", "__a __", "`", "# ", "#", " ", "\t", "[s1", "-", "1.", "\n",
         "\n---", "“", "（", "。", "a.", "a ", ",", "：", "\u3000", "卷一", "Mt. ", "1", "&", "《", "》", '"']  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("suffix", [".md", ".txt"])
def test_long_lines_take_linear_time(folder: Path, suffix: str, unit: str) -> None:
    text = f"# 题\n\n# {unit * (2**17 // len(unit))}x"
    check(folder, suffix, text.encode())
