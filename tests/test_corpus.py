"""The corpus keeps to its own rules: docs say which, this says that it does."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from qilu_rag.backends.fakes import FakeOcr
from qilu_rag.config import IngestSettings
from qilu_rag.curate.check import DISAMBIGUATION, REQUIRED, check_corpus
from qilu_rag.ingest.files import READABLE, find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.prepare import shown_names
from qilu_rag.ingest.scan import Scanner
from qilu_rag.ingest.split import split
from qilu_rag.moderation import Gate, build_gate
from qilu_rag.text.fold import cjk_count
from qilu_rag.types import CATEGORY_NAMES, Document

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "corpus"
LIMITS = IngestSettings()
FILES = find_files([CORPUS])[0]
ENTRIES = [path for path in FILES if path.parent.name in CATEGORY_NAMES]


@pytest.fixture(scope="session")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    """What a scan says is for the tests of OCR; here it is a page with some text."""
    ocr = FakeOcr(["一页扫描的文字，写山区怎样支前。"], ["第二页的文字说的是小推车。"])
    return Scanner(ocr=ocr, cache=tmp_path_factory.mktemp("home") / "scans.sqlite")


def read(path: Path, scanner: Scanner) -> Document:
    (item,) = load_file(path, LIMITS, scanner)
    assert isinstance(item, Document), item
    return item


@pytest.fixture(scope="session")
def documents(scanner: Scanner) -> dict[str, Document]:
    return {path.stem: read(path, scanner) for path in FILES}


@pytest.fixture(scope="session")
def gate() -> Gate:
    return build_gate(None)


def test_the_check_has_no_findings(scanner: Scanner) -> None:
    report = check_corpus(CORPUS, ROOT / "var" / "classics", scanner)
    assert [str(finding) for finding in report.findings] == []


def test_all_that_is_required_is_there(documents: dict[str, Document]) -> None:
    counts = Counter(path.parent.name for path in ENTRIES)
    assert set(counts) == set(CATEGORY_NAMES)
    assert sum(counts.values()) >= 551
    assert sum(path.suffix == ".pdf" for path in FILES) >= 6
    assert len(documents) == len(FILES)


def test_every_file_belongs_to_it() -> None:
    lists = {"LICENSE", REQUIRED, DISAMBIGUATION}
    for path in CORPUS.rglob("*"):
        if path.is_file() and path.suffix not in READABLE:
            assert path.name in lists or path.with_suffix(".pdf") in FILES, path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_entry(path: Path, documents: dict[str, Document], gate: Gate) -> None:
    """What the check leaves to us: the words of this corpus's licence, and the gate."""
    document = documents[path.stem]
    entry = document.entry
    assert entry.licence == "CC-BY-4.0"
    assert entry.review.state in ("draft", "checked")
    assert (
        gate.check("\n".join([*shown_names(document), document.text]), "document").action == "pass"
    )


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_a_body(path: Path, documents: dict[str, Document]) -> None:
    raw = path.read_text("utf-8")
    body = raw.split("\n---\n", 1)[1]
    assert 450 <= cjk_count(body) <= 1600
    assert not re.search(r"^# ", body, re.MULTILINE)
    assert not re.search(r"https?://|待补|TODO|[\u200b\ufeff\ufffd]", raw)
    assert "[s" not in documents[path.stem].text, "marks of sources belong to the file only"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_its_passages(path: Path, documents: dict[str, Document]) -> None:
    document = documents[path.stem]
    passages = split(document, shortest=LIMITS.passage_min, longest=LIMITS.passage_max)
    assert passages
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
