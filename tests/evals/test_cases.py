"""Cases: each is sound, points at an entry, and asks for what that entry's text holds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from evals.cases import Case, load_cases
from qilu_rag.backends.fakes import FakeOcr
from qilu_rag.config import IngestSettings
from qilu_rag.errors import InputError
from qilu_rag.ingest.files import find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.scan import Scanner
from qilu_rag.text.fold import cjk_count
from qilu_rag.types import Document

ROOT = Path(__file__).resolve().parents[2]
CASES = load_cases(ROOT / "evals/cases")


def case(**given: object) -> Case:
    values = {"id": "a", "question": "q", "language": "zh", "entry": "e", "facts": ()} | given
    return Case(**values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of each entry, its names included; no case asks for what a scan says."""
    scanner = Scanner(
        ocr=FakeOcr(["扫描的文字。"], ["另有一页。"]),
        cache=tmp_path_factory.mktemp("home") / "scans.sqlite",
    )
    found = {}
    for path in find_files([ROOT / "corpus"])[0]:
        (document,) = load_file(path, IngestSettings(), scanner)
        assert isinstance(document, Document)
        entry = document.entry
        names = " ".join([entry.title, entry.title_en or "", *entry.aliases])
        found[entry.id] = f"{names}\n{document.text}"
    return found


# The cases that we ship


def test_there_are_enough_of_each_kind() -> None:
    assert len(CASES) >= 60
    kinds = Counter("unanswerable" if c.entry is None else c.language for c in CASES)
    assert kinds["unanswerable"] >= 10
    assert kinds["en"] >= 10
    assert kinds["zh"] >= 30
    halves = Counter(c.half for c in CASES)
    assert min(halves.values()) >= len(CASES) // 3


def test_ids_and_questions_are_unique() -> None:
    assert max(Counter(c.id for c in CASES).values()) == 1
    assert max(Counter(c.question for c in CASES).values()) == 1


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.id)
def test_a_case(one: Case, texts: dict[str, str]) -> None:
    assert one.question == one.question.strip()
    assert all(group and all(fact.strip() for fact in group) for group in one.facts)
    assert (cjk_count(one.question) == 0) == (one.language == "en") or "孔" in one.question
    if one.entry is None:
        assert one.facts == ()
        return
    assert one.facts
    assert one.entry in texts
    if one.language != "en":
        missing = [g for g in one.facts if not case(facts=(g,)).holds_facts(texts[one.entry])]
        assert missing == [], "facts that the entry's text does not hold"


# The reading of cases


def test_facts_are_groups_of_alternatives() -> None:
    one = case(facts=(("1532.7", "一千五百"), ("玉皇顶",)))
    assert one.holds_facts("玉皇頂，海拔 １５３２．７ 米")
    assert not one.holds_facts("玉皇顶")
    assert not one.holds_facts("1532.7")
    assert case(facts=()).holds_facts("")


def test_the_half_hangs_on_the_question() -> None:
    assert case(id="a").half == case(id="b", entry=None).half
    halves = Counter(case(question=str(n)).half for n in range(400))
    assert min(halves.values()) > 140


def write(folder: Path, name: str, *lines: object) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (folder / name).write_text(text, "utf-8")


GOOD = {"id": "a", "question": "泰山多高", "language": "zh", "entry": "taishan", "facts": [["1532"]]}  # fmt: skip


def test_a_folder(tmp_path: Path) -> None:
    write(tmp_path, "b.jsonl", GOOD | {"id": "b"}, GOOD | {"id": "c", "question": "孔子"})
    write(tmp_path, "a.jsonl", GOOD)
    (tmp_path / "notes.md").write_text("no cases")
    found = load_cases(tmp_path)
    assert [one.id for one in found] == ["a", "b", "c"]
    assert found[0].facts == (("1532",),)
    dev, report = load_cases(tmp_path, "dev"), load_cases(tmp_path, "report")
    assert {one.id for one in dev} | {one.id for one in report} == {"a", "b", "c"}
    assert len(dev) + len(report) == 3


@pytest.mark.parametrize(
    "line",
    [
        {},
        [],
        "x",
        {"id": "a"},
        GOOD | {"language": "fr"},
        GOOD | {"facts": ["1532"]},
        GOOD | {"entry": 7},
        {key: value for key, value in GOOD.items() if key != "entry"},
    ],
)
def test_bad_lines(tmp_path: Path, line: object) -> None:
    write(tmp_path, "a.jsonl", GOOD, line)
    with pytest.raises(InputError, match=r"a\.jsonl:2 is not a case"):
        load_cases(tmp_path)


def test_no_cases_and_no_such_half(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no cases in"):
        load_cases(tmp_path)
    write(tmp_path, "a.jsonl", GOOD)
    with pytest.raises(InputError, match="no half 'third'"):
        load_cases(tmp_path, "third")
    (tmp_path / "a.jsonl").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"a\.jsonl can't be read"):
        load_cases(tmp_path)
