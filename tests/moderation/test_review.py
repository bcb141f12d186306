"""The review store: what gets in, what never does, and what it survives."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from qilu_rag.errors import QiluError
from qilu_rag.moderation.personal_data import PersonalData
from qilu_rag.moderation.review import ReviewStore
from qilu_rag.types import Action, Finding, Verdict

ROOT = Path(__file__).parents[2]


def finding(start: int, end: int, rule: str = "lexicon.x", category: str = "violence") -> Finding:
    return Finding(category=category, level="unsafe", rule=rule, start=start, end=end)


def blocked(*findings: Finding) -> Verdict:
    return Verdict(action="block", text="", findings=findings)


@pytest.fixture
def store(tmp_path: Path) -> ReviewStore:
    return ReviewStore(tmp_path / "home" / "review.sqlite")


def test_an_item_comes_back_as_it_went_in(store: ReviewStore) -> None:
    verdict = blocked(finding(0, 2), finding(1, 3, "lexicon.y", "hate"))
    number = store.add("output", verdict, question="问？", text="坏文字")
    (item,) = store.list()
    assert (item.id, item.stage, item.action, item.state) == (number, "output", "block", "open")
    assert (item.question, item.text, item.verdict) == ("问？", "坏文字", verdict)
    assert item.reason == "violence/lexicon.x, hate/lexicon.y"
    assert datetime.fromisoformat(item.time).utcoffset() == timedelta(0)


def test_newest_first_in_pages(store: ReviewStore) -> None:
    numbers = [store.add("input", blocked(), question="", text=str(n)) for n in range(5)]
    assert numbers == sorted(set(numbers))
    assert [item.text for item in store.list(limit=2)] == ["4", "3"]
    assert [item.text for item in store.list(limit=2, offset=4)] == ["0"]
    assert store.count() == 5
    assert store.count(state="closed") == 0
    assert store.list(state="closed") == []


@pytest.mark.parametrize("action", ["redact", "flag", "block"])
def test_personal_data_is_never_stored(store: ReviewStore, action: Action) -> None:
    text = "打13812345678，他说怎么制作炸弹"
    verdict = Verdict(
        action=action,
        text="" if action == "block" else text,
        findings=(*PersonalData().find(text, "input"), finding(16, 22)),
    )
    store.add("input", verdict, question="我是a@b.cn", text=text)
    (item,) = store.list()
    assert item.text == "打[手机号已隐去]，他说怎么制作炸弹"
    assert item.question == "我是[邮箱已隐去]"
    marks = [item.text[f.start : f.end] for f in item.verdict.findings]
    assert marks == ["[手机号已隐去]", text[16:22]]
    raw = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"13812345678" not in raw
    assert b"a@b.cn" not in raw


def test_half_a_surrogate_pair_does_not_stop_the_filing(store: ReviewStore) -> None:
    store.add("input", blocked(finding(0, 2)), question="\udc00", text="a\ud800b")
    assert store.list()[0].text == "a?b"


def test_many_threads_file_at_once(store: ReviewStore) -> None:
    def file(n: int) -> int:
        return store.add("input", blocked(), question="", text=str(n))

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(file, range(40)))
    assert len(set(numbers)) == 40
    assert {item.text for item in store.list()} == {str(n) for n in range(40)}


def test_two_stores_on_one_file_see_each_other(store: ReviewStore) -> None:
    other = ReviewStore(store.path)
    other.add("input", blocked(), question="", text="x")
    assert store.count() == 1


def test_what_was_filed_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from qilu_rag.moderation.review import ReviewStore;"
        "from qilu_rag.types import Verdict;"
        "store = ReviewStore(Path(sys.argv[1]));"
        "store.add('input', Verdict(action='block', text=''), question='', text='kept');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert [item.text for item in ReviewStore(path).list()] == ["kept"]


def test_a_file_that_is_no_database_is_told_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    path.write_bytes(b"this is not a database, not at all" * 100)
    with pytest.raises(QiluError, match=r"review\.sqlite: .* damaged .*aside"):
        ReviewStore(path)


def test_a_file_that_breaks_later_is_told_too(store: ReviewStore) -> None:
    for n in range(50):
        store.add("input", blocked(), question="", text=f"{n}" * 500)
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    store.path.write_bytes(bytes(data))
    with pytest.raises(QiluError, match="damaged"):
        store.list()


@pytest.mark.parametrize("verdict", ["not json", "{}", '{"action": "block"}', "[]"])
def test_a_row_that_makes_no_sense_is_damage(store: ReviewStore, verdict: str) -> None:
    store.add("input", blocked(), question="", text="x")
    with closing(sqlite3.connect(store.path)) as db, db:
        db.execute("UPDATE findings SET verdict = ?", (verdict,))
    with pytest.raises(QiluError, match="damaged"):
        store.list()


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(QiluError, match="can't be used"):
        ReviewStore(tmp_path / "file" / "review.sqlite")
    with pytest.raises(QiluError, match="can't be used"):
        ReviewStore(tmp_path)
