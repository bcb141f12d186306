"""What every word backend keeps to, fake or real."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.backends.fakes import FakeWordBackend
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.errors import SnapshotError
from qilu_rag.ports import WordBackend, WordIndex

BACKENDS: dict[str, Callable[[], WordBackend]] = {
    "fake": FakeWordBackend,
    "tantivy": TantivyBackend,
}
ROWS = [["泰山", "山东", "mount"], ["孔子", "山东"], ["孔子", "孔子", "论语"], [], ["黄河"]]
TERMS = st.sampled_from(["泰山", "孔子", "a", "AND", "*", '"', "(", "-x", "a:b", "\\"])


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> WordBackend:
    return BACKENDS[request.param]()


def build(backend: WordBackend, rows: Sequence[Sequence[str]], path: Path) -> WordIndex:
    backend.build(rows, path)
    return backend.open(path)


@pytest.fixture
def index(backend: WordBackend, tmp_path: Path) -> WordIndex:
    return build(backend, ROWS, tmp_path / "words")


def test_it_is_an_index_of_as_many_rows(index: WordIndex) -> None:
    assert isinstance(index, WordIndex)
    assert len(index) == len(ROWS)


@pytest.mark.parametrize(
    ("terms", "rows"),
    [
        (["泰山"], {0}),
        (["山东"], {0, 1}),
        (["泰山", "黄河"], {0, 4}),
        (["没有"], set()),
        (["没有", "黄河"], {4}),
        ([""], set()),
        ([], set()),
        (["泰"], set()),
    ],
)
def test_rows_that_hold_any_term_are_found(
    index: WordIndex, terms: list[str], rows: set[int]
) -> None:
    found = index.search(terms, 10)
    assert {row for row, _ in found} == rows
    assert all(score > 0 for _, score in found)


def test_the_best_come_first_and_no_more_than_asked(index: WordIndex) -> None:
    found = index.search(["孔子", "山东"], 10)
    assert found[0][0] == 1
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)
    assert index.search(["孔子", "山东"], 1) == found[:1]
    assert len(index.search(["孔子", "山东", "泰山"], 2)) == 2


def test_rare_terms_weigh_more_and_so_do_repeats(index: WordIndex) -> None:
    rare, common = dict(index.search(["泰山"], 10)), dict(index.search(["山东"], 10))
    assert rare[0] > common[0]
    often = dict(index.search(["孔子"], 10))
    assert often[2] > often[1]


def test_the_backends_agree_on_the_order(tmp_path: Path) -> None:
    queries = [["孔子"], ["山东"], ["孔子", "山东"], ["泰山", "论语", "山东"]]
    found = [
        [[row for row, _ in build(make(), ROWS, tmp_path / f"{name}{n}").search(query, 10)]
         for n, query in enumerate(queries)]
        for name, make in BACKENDS.items()
    ]  # fmt: skip
    assert found[0] == found[1]


@pytest.mark.parametrize("name", sorted(BACKENDS))
@hypothesis_settings(max_examples=15)  # each builds an index on disk
@given(rows=st.lists(st.lists(TERMS, max_size=4), max_size=5), terms=st.lists(TERMS, max_size=3))
def test_terms_are_taken_as_they_are(name: str, rows: list[list[str]], terms: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index = build(BACKENDS[name](), rows, Path(folder) / "words")
        found = index.search(terms, 10)
    assert {row for row, _ in found} == {n for n, row in enumerate(rows) if set(row) & set(terms)}


def test_no_rows(backend: WordBackend, tmp_path: Path) -> None:
    index = build(backend, [], tmp_path / "words")
    assert len(index) == 0
    assert index.search(["泰山"], 5) == []


def test_rows_may_come_one_by_one(backend: WordBackend, tmp_path: Path) -> None:
    backend.build((row for row in ROWS), tmp_path / "words")
    index = backend.open(tmp_path / "words")
    assert len(index) == len(ROWS)
    assert [row for row, _ in index.search(["黄河"], 5)] == [4]


def test_rows_without_terms_count(backend: WordBackend, tmp_path: Path) -> None:
    index = build(backend, [[], [], ["a"]], tmp_path / "words")
    assert len(index) == 3
    assert [row for row, _ in index.search(["a"], 5)] == [2]


def test_opening_again_finds_the_same(
    backend: WordBackend, index: WordIndex, tmp_path: Path
) -> None:
    assert backend.open(tmp_path / "words").search(["孔子"], 5) == index.search(["孔子"], 5)


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_holds_no_index(backend: WordBackend, tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "words").mkdir()
    with pytest.raises(SnapshotError) as caught:
        backend.open(tmp_path / "words")
    assert str(tmp_path / "words") in str(caught.value)
    assert "qilu ingest" in str(caught.value)


def test_every_truncated_file_is_noticed(backend: WordBackend, tmp_path: Path) -> None:
    folder = tmp_path / "words"
    backend.build(ROWS, folder)
    paths = [p for p in sorted(folder.iterdir()) if p.stat().st_size]
    assert paths
    for path in paths:
        whole = path.read_bytes()
        for size in (0, len(whole) // 2):
            path.unlink()  # an opened index may still have the old file mapped
            path.write_bytes(whole[:size])
            with pytest.raises(SnapshotError):
                backend.open(folder)
        path.unlink()
        path.write_bytes(whole)
        assert len(backend.open(folder)) == len(ROWS)


def test_every_missing_file_is_noticed_or_not_needed(backend: WordBackend, tmp_path: Path) -> None:
    folder = tmp_path / "words"
    expected = build(backend, ROWS, folder).search(["孔子"], 5)
    missed = 0
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.unlink()
        try:
            assert backend.open(folder).search(["孔子"], 5) == expected
        except SnapshotError:
            missed += 1
        path.write_bytes(whole)
    assert missed


@hypothesis_settings(max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from("甲乙丙丁"), max_size=4), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
    st.integers(1, 12),
)
def test_among_keeps_the_ranking_of_the_rows_that_may_be(
    rows: list[list[str]], among: set[int], k: int
) -> None:
    allowed = np.array(sorted(row for row in among if row < len(rows)), dtype=np.int64)
    for make in BACKENDS.values():
        with tempfile.TemporaryDirectory() as folder:
            index = build(make(), rows, Path(folder) / "words")
            whole = index.search(["甲", "乙"], len(rows))
            found = index.search(["甲", "乙"], k, allowed)
            wanted = [pair for pair in whole if pair[0] in set(allowed.tolist())][:k]
            assert sorted(score for _, score in found) == sorted(score for _, score in wanted)
            assert {row for row, _ in found} <= set(allowed.tolist())
