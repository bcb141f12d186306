"""Fuzzing: whatever stands in a file, loading it gives documents or problems, soon."""

from __future__ import annotations

import io
import os
import time
import zipfile
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


@cache
def seed(suffix: str) -> bytes:
    """A sound file of a format, to be damaged; Markdown stands in for formats without one."""
    if suffix == ".pdf":
        return pdf()
    if suffix == ".zip":
        return archive()
    if suffix == ".jsonl":
        return '{"id": "a", "title": "题", "text": "泰山。"}\n{"id": 2, "text": "孔子。"}'.encode()
    return MARKDOWN.encode()


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


@pytest.mark.parametrize("suffix", sorted(READABLE))
def test_the_seeds_are_sound(folder: Path, suffix: str) -> None:
    if suffix in {".md", ".markdown", ".txt", ".text", ".pdf", ".zip", ".jsonl"}:
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
