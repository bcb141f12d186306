"""Passages out of a file, one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.errors import SnapshotError
from qilu_rag.ingest.passage_file import PassageFile
from qilu_rag.ingest.records import read_passages, write_passages
from qilu_rag.types import Passage

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def passage(number: int, text: str) -> Passage:
    return Passage(
        id=f"e#{number}",
        entry_id="e",
        text=text,
        start=0,
        end=len(text),
        locator="一\n二",
        source="a.md",
        sentences=((0, len(text)),),
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("passages") / "passages.jsonl"


@hypothesis_settings(max_examples=50)
@given(texts=st.lists(TEXTS, max_size=6), at=st.integers(-8, 8), to=st.integers(-8, 8))
def test_it_is_the_sequence_that_was_written(
    path: Path, texts: list[str], at: int, to: int
) -> None:
    path.unlink(missing_ok=True)  # the last example's may still be mapped
    written = tuple(passage(n, text) for n, text in enumerate(texts))
    held = PassageFile(path, write_passages(path, written))
    assert len(held) == len(written)
    assert tuple(held) == written == read_passages(path)
    assert held[at:to] == written[at:to]
    if -len(written) <= at < len(written):
        assert held[at] == written[at]
    else:
        with pytest.raises(IndexError):
            held[at]


def test_it_outlives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "p"
    held = PassageFile(path, write_passages(path, [passage(1, "泰山")]))
    path.unlink()
    assert held[0].text == "泰山"


@pytest.mark.parametrize("offsets", [[], [0], [0, 5], [1, 10], [0, 10, 5, 20], [0, 0, 20], [0, 99]])
def test_offsets_of_another_file(tmp_path: Path, offsets: list[int]) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"x" * 20)
    with pytest.raises(ValueError, match="not whole"):
        PassageFile(path, np.array(offsets, dtype=np.int64))


@pytest.mark.parametrize("line", [b"{", b"{}", b"[]", b"7", b"\xff", b'{"sentences": 3}'])
def test_a_damaged_line_is_told_when_it_is_read(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "p"
    path.write_bytes(line)
    held = PassageFile(path, np.array([0, len(line)], dtype=np.int64))
    with pytest.raises(SnapshotError, match="qilu ingest"):
        held[0]
