"""Batches: every line is answered once, whatever happens on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from qilu_rag.assistant import Assistant
from qilu_rag.batch import Request, Result, answer_line, moderate_line, run_batch, search_line
from qilu_rag.errors import InputError, ModelError
from qilu_rag.moderation import build_gate

Lines = list[dict[str, Any]]


def write(path: Path, lines: Lines) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def read(path: Path) -> Lines:
    text = path.read_text("utf-8")
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.split("\n")[:-1]]


class Echo:
    """Answers with the text in capitals; `bad` can't be served, `worse` is a defect."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def __call__(self, request: Request) -> Result:
        self.seen.append(request["id"])
        if request.get("text") == "bad":
            raise InputError("this can't be served")
        if request.get("text") == "down":
            raise ModelError("the model is down")
        if request.get("text") == "worse":
            raise KeyError("a defect")
        return {"text": str(request.get("text", "")).upper()}


def run(source: Path, out: Path, echo: Echo) -> int:
    return run_batch(source, out, echo, lambda *_: None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", [{"id": n, "text": f"t{n}"} for n in range(6)])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def test_a_line_in_a_line_out(source: Path, out: Path) -> None:
    assert run(source, out, Echo()) == 6
    assert read(out) == [{"id": n, "text": f"T{n}"} for n in range(6)]


def test_progress_is_told(source: Path, out: Path) -> None:
    told: list[tuple[str, int, int]] = []
    run_batch(source, out, Echo(), lambda *step: told.append(step))
    assert told == [("in.jsonl", done, 6) for done in range(7)]


def test_blank_lines_a_mark_at_the_start_and_other_line_ends(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes('\ufeff{"id": 1, "text": "a"}\r\n\n  \r\n{"id": "2", "text": "b"}'.encode())
    assert run(source, out, Echo()) == 2
    assert [line["text"] for line in read(out)] == ["A", "B"]


def test_an_empty_batch(tmp_path: Path, out: Path) -> None:
    assert run(write(tmp_path / "in.jsonl", []), out, Echo()) == 0
    assert read(out) == []


def test_errors_keep_the_run_going(tmp_path: Path, out: Path) -> None:
    texts = ["a", "bad", "b", "down", "c"]
    source = write(tmp_path / "in.jsonl", [{"id": t, "text": t} for t in texts])
    assert run(source, out, Echo()) == 5
    assert read(out) == [
        {"id": "a", "text": "A"},
        {"id": "bad", "error": "this can't be served"},
        {"id": "b", "text": "B"},
        {"id": "down", "error": "the model is down"},
        {"id": "c", "text": "C"},
    ]


@pytest.mark.parametrize("torn", [b"", b"{", b'{"id": 3, "te', '{"id": 3, "text": "泰'.encode()[:-1], b'{"id": 3, "text": "T3"}'])  # fmt: skip
def test_it_goes_on_where_it_stopped(source: Path, out: Path, torn: bytes) -> None:
    whole = Echo()
    run(source, out, whole)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + torn)
    echo = Echo()
    assert run(source, out, echo) == 3
    assert echo.seen == [3, 4, 5]
    assert out.read_bytes().splitlines(keepends=True) == lines
    assert run(source, out, Echo()) == 0


def test_a_defect_loses_nothing(tmp_path: Path, out: Path) -> None:
    lines = [{"id": "a", "text": "a"}, {"id": "b", "text": "worse"}, {"id": "c", "text": "c"}]
    source = write(tmp_path / "in.jsonl", lines)
    with pytest.raises(KeyError):
        run(source, out, Echo())
    assert read(out) == [{"id": "a", "text": "A"}]
    lines[1]["text"] = "b"
    write(source, lines)
    assert run(source, out, Echo()) == 2
    assert [line["id"] for line in read(out)] == ["a", "b", "c"]


def test_numbers_and_strings_are_the_same_id(source: Path, out: Path) -> None:
    out.write_text('{"id": "3", "text": "old"}\n')
    assert run(source, out, Echo()) == 5
    assert [line["text"] for line in read(out) if str(line["id"]) == "3"] == ["old"]


def test_lines_of_other_batches_stay(source: Path, out: Path) -> None:
    out.write_text('{"id": "other"}\n')
    run(source, out, Echo())
    assert read(out)[0] == {"id": "other"}
    assert len(read(out)) == 7


@pytest.mark.parametrize("text", ["\u2028", "\u0085", "\x0b\x0c\x1c", "a\nb", '"\\', "\ud800", "\U0001f600", "\x00"])  # fmt: skip
def test_any_text_and_id_can_be_resumed(tmp_path: Path, out: Path, text: str) -> None:
    source = write(tmp_path / "in.jsonl", [{"id": text, "text": text}, {"id": "z", "text": "z"}])
    assert run(source, out, Echo()) == 2
    assert read(out)[0] == {"id": text, "text": text.upper()}
    assert run(source, out, Echo()) == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is not JSON"),
        ("x", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be a JSON object with an `id`"),
        ("null", "must be a JSON object with an `id`"),
        ('{"text": "no id"}', "must be a JSON object with an `id`"),
    ],
)
def test_bad_lines_are_named_before_anything_runs(
    tmp_path: Path, out: Path, line: str, why: str
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(f'{{"id": 1}}\n\n{line}\n')
    echo = Echo()
    with pytest.raises(InputError, match=r"in\.jsonl:3 ") as caught:
        run(source, out, echo)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)
    assert echo.seen == []
    assert not out.exists()


def test_files_that_cannot_be_used(tmp_path: Path, source: Path, out: Path) -> None:
    (tmp_path / "gbk.jsonl").write_bytes('{"id": 1, "text": "孔子是哪里人"}'.encode("gbk"))
    folder = tmp_path / "folder"
    folder.mkdir()
    for bad_source, why in (
        (tmp_path / "none.jsonl", "can't be read"),
        (folder, "can't be read"),
        (tmp_path / "gbk.jsonl", "is not UTF-8"),
    ):
        with pytest.raises(InputError, match=why):
            run(bad_source, out, Echo())
    for bad_out, why in ((folder, "can't be read"), (tmp_path / "no" / "out.jsonl", "written")):
        with pytest.raises(InputError, match=why):
            run(source, bad_out, Echo())


@pytest.mark.parametrize("data", [b"my notes\n", b"[1]\n", b'{"x": 1}\n', b"\xff\n", b"7\nlast line"])  # fmt: skip
def test_a_file_of_another_kind_is_left_alone(source: Path, out: Path, data: bytes) -> None:
    out.write_bytes(data)
    with pytest.raises(InputError, match="is not the output of a batch; name another file"):
        run(source, out, Echo())
    assert out.read_bytes() == data


SLOW = """
import sys, time
from pathlib import Path
from qilu_rag.batch import run_batch
def answer(request):
    time.sleep(0.02)
    return {"text": "泰山" * 2000}
run_batch(Path(sys.argv[1]), Path(sys.argv[2]), answer, lambda *_: None)
"""


def test_a_killed_run_loses_nothing(tmp_path: Path, out: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"id": n, "text": "x"} for n in range(300)])
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(source), str(out)])
    deadline = monotonic() + 60
    while not (out.exists() and out.stat().st_size > 40_000) and monotonic() < deadline:
        sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = out.read_bytes().count(b"\n")
    assert 0 < before < 300
    assert run(source, out, Echo()) == 300 - before
    assert [line["id"] for line in read(out)] == list(range(300))


# What is asked for in a line


@pytest.mark.parametrize("value", [None, 7, ["泰山"], {"a": 1}])
def test_a_request_without_its_text(assistant: Assistant, tmp_path: Path, value: object) -> None:
    gate = build_gate(tmp_path / "review.sqlite")
    search = search_line(assistant, k=3)
    for answer, key in (
        (search, "query"),
        (answer_line(assistant), "question"),
        (moderate_line(gate, "input"), "text"),
    ):
        for request in ({"id": 1}, {"id": 1, key: value}):
            with pytest.raises(InputError, match=f"needs a string `{key}`"):
                answer(request)


@pytest.mark.parametrize("key", ["history", "passages"])
@pytest.mark.parametrize("value", ["泰山", 7, [7], [None], {}])
def test_lists_that_are_none(assistant: Assistant, key: str, value: object) -> None:
    with pytest.raises(InputError, match=f"`{key}` must be a list of strings"):
        answer_line(assistant)({"question": "泰山多高", key: value})


def test_history_and_passages(assistant: Assistant) -> None:
    answer = answer_line(assistant)
    follow_up = answer({"question": "他有多少弟子", "history": ["孔子是哪里人"], "passages": None})
    assert {c["entry_id"] for c in follow_up["citations"]} == {"kongzi"}
    given = answer({"question": "塔有多高", "passages": ["灵光塔高90米。"]})
    assert given["citations"][0]["passage_id"] == "given-1#1"
    assert answer({"question": "塔有多高", "passages": []})["status"] == "refused"


def test_a_stage_of_its_own(tmp_path: Path) -> None:
    answer = moderate_line(build_gate(tmp_path / "review.sqlite"), "output")
    assert answer({"text": "泰山"})["action"] == "pass"
    assert answer({"text": "泰山", "stage": "document"})["action"] == "pass"
    for stage in ("x", None, 7, ["input"]):
        with pytest.raises(InputError, match="no stage"):
            answer({"text": "泰山", "stage": stage})
