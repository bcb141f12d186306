"""The corpus keeps to its own rules: docs say which, this says that it does."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.load import READABLE, find_files, load_file
from qilu_rag.ingest.pipeline import screened_text
from qilu_rag.ingest.split import split
from qilu_rag.moderation import Gate, build_gate
from qilu_rag.retrieve.names import names_of
from qilu_rag.text.fold import cjk_count
from qilu_rag.types import CATEGORY_NAMES, Document

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "corpus"
LIMITS = IngestSettings()
FILES = find_files([CORPUS])[0]
ENTRIES = [path for path in FILES if path.parent.name in CATEGORY_NAMES]
_MARK = re.compile(r"\[(s\d+)\]")
_CITE = re.compile(r"^\s*- \{id: (s\d+)", re.MULTILINE)

SHARED_NAMES: dict[str, str] = {
    "孟子": "the man and the book that has his name",
    "mencius": "the same in English",
}
"""Name → why two entries go by it."""


def read(path: Path) -> Document:
    (item,) = load_file(path, LIMITS)
    assert isinstance(item, Document), item
    return item


@pytest.fixture(scope="session")
def documents() -> dict[str, Document]:
    return {path.stem: read(path) for path in FILES}


@pytest.fixture(scope="session")
def gate() -> Gate:
    return build_gate(None)


def test_there_are_ten_of_each_category(documents: dict[str, Document]) -> None:
    counts = Counter(path.parent.name for path in ENTRIES)
    assert set(counts) == set(CATEGORY_NAMES)
    assert min(counts.values()) >= 10
    assert sum(counts.values()) >= 60
    assert sum(path.suffix == ".pdf" for path in FILES) >= 2
    assert len(documents) == len(FILES)


def test_every_file_belongs_to_it() -> None:
    for path in CORPUS.rglob("*"):
        if path.is_file() and path.suffix not in READABLE:
            assert path.name == "LICENSE" or path.with_suffix(".pdf") in FILES, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_entry(path: Path, documents: dict[str, Document], gate: Gate) -> None:
    entry = documents[path.stem].entry
    assert entry.id == path.stem
    assert entry.category in CATEGORY_NAMES
    assert entry.category == path.parent.name or path.parent.name == "documents"
    assert entry.kind
    assert entry.title_en
    assert entry.licence == "CC-BY-4.0"
    assert entry.review.state in ("draft", "checked")
    assert entry.sources
    assert len({source.id for source in entry.sources}) == len(entry.sources)
    for relation in entry.relations:
        assert relation.to in documents
        assert relation.to != entry.id
    assert len(set(entry.relations)) == len(entry.relations)
    assert len(set(entry.aliases)) == len(entry.aliases)
    assert entry.title not in entry.aliases
    assert gate.check(screened_text(documents[path.stem]), "document").action == "pass"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_where_and_when(path: Path, documents: dict[str, Document]) -> None:
    entry = documents[path.stem].entry
    if entry.place and (entry.place.lon is not None or entry.place.lat is not None):
        assert entry.place.lon is not None
        assert entry.place.lat is not None
        assert 114.3 <= entry.place.lon <= 123
        assert 34.2 <= entry.place.lat <= 38.6
    if entry.era:
        years = [year for year in (entry.era.start, entry.era.end) if year is not None]
        assert 0 not in years
        assert years == sorted(years)
        assert all(-10_000_000 < year <= 2026 for year in years)
    for designation in entry.designations:
        assert designation.year is None or 1949 <= designation.year <= 2026


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_a_body(path: Path, documents: dict[str, Document]) -> None:
    raw = path.read_text("utf-8")
    front, body = raw.split("\n---\n", 1)
    assert 600 <= cjk_count(body) <= 1600
    known = {source.id for source in documents[path.stem].entry.sources}
    assert known == set(_CITE.findall(front))
    assert set(_MARK.findall(body)) == known
    assert "\n## " in body
    assert not re.search(r"^# ", body, re.MULTILINE)
    assert not re.search(r"https?://|待补|TODO|[\u200b\ufeff\ufffd]", raw)
    assert "[s" not in documents[path.stem].text, "marks of sources belong to the file only"


def test_names_mean_one_entry(documents: dict[str, Document]) -> None:
    owners: dict[str, set[str]] = {}
    for document in documents.values():
        for name in names_of(document.entry):
            owners.setdefault(name, set()).add(document.entry.id)
    shared = {name: sorted(ids) for name, ids in owners.items() if len(ids) > 1}
    assert shared.keys() == SHARED_NAMES.keys(), shared


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_passages(path: Path, documents: dict[str, Document]) -> None:
    document = documents[path.stem]
    passages = split(document, shortest=LIMITS.passage_min, longest=LIMITS.passage_max)
    assert len(passages) >= 3
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert len(passage.text) <= LIMITS.passage_max or len(passage.sentences) == 1
        assert len(passage.text) <= 2 * LIMITS.passage_max
        assert passage.sentences
        assert passage.locator
    assert all(one.end <= other.start for one, other in pairwise(passages))
    held = "".join(p.text[a:b] for p in passages for a, b in p.sentences)
    bare = "".join(document.text[block.start : block.end] for block in document.blocks)
    assert "".join(held.split()) == "".join(bare.split())
