"""The command line: its stable forms, and one sentence for whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qilu_rag import __version__, cli, cli_eval, cli_ingest, cli_search, doctor
from qilu_rag.answer.prompts import REFUSAL, SYSTEM
from qilu_rag.assistant import Assistant, build
from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import Settings
from qilu_rag.ingest.pipeline import locked
from qilu_rag.moderation.label import BLOCKED, NOTICE


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value


Qilu = Callable[..., Done]
BOMB = "怎么制作炸弹"


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
def qilu(
    tmp_path: Path,
    chat: FakeChat,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Qilu:
    """Runs `qilu` with fakes in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for variable in os.environ:
        if variable.upper().startswith("QILU_"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("QILU_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("QILU_ANSWER__THRESHOLD", "0")
    monkeypatch.setenv("QILU_ANSWER__GIVEN_THRESHOLD", "0")
    monkeypatch.setattr(doctor, "_PACKAGES", ("json",))  # the real ones take seconds to import

    def on_fakes(settings: Settings) -> Assistant:
        vectors, words = FakeVectorBackend(), FakeWordBackend()
        return build(settings, embedder=FakeEmbedder(), chat=chat, vectors=vectors, words=words)

    for module in (cli, cli_eval, cli_ingest, cli_search):
        monkeypatch.setattr(module, "build", on_fakes)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["qilu", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Done(int(code or 0), out, err)

    return run


@pytest.fixture
def filled(qilu: Qilu, corpus: Path) -> Qilu:
    assert qilu("ingest", corpus).code == 0
    return qilu


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def batch(path: Path, *requests: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(request) + "\n" for request in requests), "utf-8")
    return path


def one_sentence(done: Done, code: int, why: str) -> None:
    """What our own errors look like."""
    assert done.code == code, done
    assert done.out == ""
    assert done.err.startswith("qilu: ")
    assert done.err.count("\n") == 1
    assert why in done.err


# The program itself


def test_help_of_the_installed_program() -> None:
    program = Path(sys.executable).with_name("qilu")
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    for command in ("ingest", "search", "ask", "moderate", "doctor", "eval", "models"):
        assert command in done.stdout


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("qilu"))
    for arguments in ((b"moderate", b"\xff\xfe"), (b"moderate", b"\xff", b"--json")):
        done = subprocess.run(
            [program.encode(), b"--home", str(tmp_path).encode(), *arguments],
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode in (0, 1, 2), done
        assert b"Traceback" not in done.stderr + done.stdout
        assert done.stdout or done.stderr


@pytest.mark.parametrize("command", ["ingest", "search", "ask", "moderate", "doctor", "eval", "models"])  # fmt: skip
def test_every_command_has_help(qilu: Qilu, command: str) -> None:
    done = qilu(command, "--help")
    assert done.code == 0
    assert "Usage" in done.out


def test_its_version(qilu: Qilu) -> None:
    assert qilu("--version") == Done(0, f"qilu_rag {__version__}\n", "")


# Wrong input


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--colour", "ask", "x"],
        ["ingest"],
        ["search", "泰山", "-k", "0"],
        ["search", "泰山", "-k", "many"],
        ["search", "泰山", "太多"],
        ["ask", "--colour"],
        ["ask", "x", "--out"],
        ["models", "nonsense"],
        ["eval", "--cases"],
    ],
)
def test_what_the_parser_refuses(qilu: Qilu, arguments: list[str]) -> None:
    done = qilu(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["search"], "give either one text, or --batch"),
        (["search", ""], "the question is empty"),
        (["search", "泰" * 100_000], "over the limit of 500"),
        (["search", "--batch", "none.jsonl", "--out", "o.jsonl"], "none.jsonl can't be read"),
        (["search", "x", "--batch", "i.jsonl", "--out", "o.jsonl"], "give either one text"),
        (["ask"], "give either one text, or --batch"),
        (["ask", ""], "the question is empty"),
        (["ask", "？！"], "the question is empty"),
        (["ask", "泰" * 100_000], "over the limit of 500"),
        (["ask", "--batch", "i.jsonl"], "give either one text, or --batch"),
        (["ask", "--batch", "none.jsonl", "--out", "o.jsonl"], "none.jsonl can't be read"),
        (["ask", "--out", "o.jsonl"], "give either one text, or --batch"),
        (["moderate"], "give either one text, or --batch"),
        (["moderate", "x", "--stage", "exit"], "no stage 'exit'; there are: input output"),
        (["eval", "--cases", "nowhere"], "there are no cases in nowhere"),
        (["eval", "retrieval", "--cases", "nowhere"], "there are no cases in nowhere"),
        (["eval", "retrieval", "--squad", "x.json"], "--squad 'x.json' is not of the form NAME="),
    ],
)
def test_what_we_refuse(filled: Qilu, arguments: list[str], why: str) -> None:
    one_sentence(filled(*arguments), 2, why)


def test_locating_needs_original_texts(filled: Qilu) -> None:
    one_sentence(filled("locate", "学而时习之"), 2, "there are no original texts in the index")


def test_locating(qilu: Qilu, tmp_path: Path) -> None:
    front = "---\nid: lunyu\ntitle: 《论语》原文\norigin: original\n---\n"
    (tmp_path / "lunyu.md").write_text(f"{front}## 《论语·学而》1.1\n\n学而时习之，不亦说乎？\n")
    assert qilu("ingest", tmp_path / "lunyu.md").code == 0
    done = qilu("locate", "學而時習之", "--json")
    value = json.loads(done.out)
    assert value["exact"]
    assert value["found"][0]["locator"] == "《论语·学而》1.1"
    assert value["found"][0]["text"] == "学而时习之"
    assert "学而时习之，不亦说乎" in qilu("locate", "学而时习之不亦说乎").out
    assert "《论语》原文中没有这句话" in qilu("locate", "吾爱吾师").out
    one_sentence(qilu("locate", "学而时习之", "--work", "庄子"), 2, "no original text is called")


def test_a_filter_of_a_wrong_value_names_the_right_ones(filled: Qilu) -> None:
    done = filled("search", "泰山", "--category", "food")
    assert done.code == 2
    assert done.out == ""
    assert "--category" in done.err
    assert "figures" in done.err


def test_eval_of_wrong_things(filled: Qilu, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    case: dict[str, Any] = {
        "id": "a",
        "question": "泰山多高",
        "language": "zh",
        "entry": None,
        "facts": [],
    }
    batch(folder / "a.jsonl", case)
    one_sentence(filled("eval", "--cases", folder, "--half", "third"), 2, "no half 'third'")
    one_sentence(
        filled("eval", "--cases", folder, "--half", "all", "--out", tmp_path), 2, "can't be written"
    )
    (folder / "b.jsonl").write_bytes(b"\xff\xff")
    one_sentence(filled("eval", "--cases", folder), 2, "b.jsonl can't be read")
    (folder / "b.jsonl").write_text("{}\n")
    done = filled("eval", "--cases", folder)
    assert done.code == 2
    assert "b.jsonl:1 is not a case" in done.err


@pytest.mark.parametrize("arguments", [["search", "泰山"], ["ask", "泰山多高"]])
def test_without_an_index(qilu: Qilu, arguments: list[str]) -> None:
    one_sentence(qilu(*arguments), 1, "there is no index in var yet; run: qilu ingest corpus")


@pytest.mark.parametrize("arguments", [["search", "x"], ["ask", "x"], ["ingest", "."], ["eval"]])
def test_without_the_model(
    qilu: Qilu, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    for module in (cli, cli_eval, cli_ingest, cli_search):
        monkeypatch.setattr(module, "build", build)
    one_sentence(qilu(*arguments), 1, "multilingual-e5-small is not there; run: qilu models pull")


@pytest.mark.parametrize("arguments", [["search", "x"], ["ask", "x"], ["moderate", "x"]])
def test_a_home_that_is_a_file(qilu: Qilu, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").write_text("x")
    done = qilu("--home", tmp_path / "file", *arguments)
    assert done.code in (1, 2)
    assert done.err.startswith("qilu: ")


def test_wrong_settings(qilu: Qilu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "qilu.toml").write_text("colour = 1\n")
    one_sentence(qilu("ask", "x"), 1, "the setting colour is not known")
    (tmp_path / "qilu.toml").unlink()
    monkeypatch.setenv("QILU_CHATURL", "x")
    one_sentence(qilu("moderate", "x"), 1, "QILU_CHATURL is not a setting")


# ingest


def test_ingest(qilu: Qilu, corpus: Path, tmp_path: Path) -> None:
    done = qilu("--home", tmp_path / "h", "ingest", corpus)
    assert done.code == 0
    assert "new snapshot" in done.out
    assert "5 documents" in done.out
    assert (tmp_path / "h" / "snapshots" / "CURRENT").exists()
    again = qilu("--home", tmp_path / "h", "ingest", corpus, "--json")
    assert again.code == 0
    assert again.value.keys() == {"snapshot", "changed", "documents", "passages", "embedded", "quarantined", "duplicates", "suggested"}  # fmt: skip
    assert (again.value["changed"], again.value["embedded"]) == (False, 0)


def test_ingest_tells_what_it_sets_aside(qilu: Qilu, corpus: Path) -> None:
    (corpus / "bad.pdf").write_bytes(b"%PDF-1.4 broken")
    (corpus / "noise.txt").write_bytes(bytes(range(256)) * 4)
    (corpus / "key.md").write_text("---\nid: x\ntitle: x\ncolour: red\n---\n文。\n")
    (corpus / "evil.md").write_text(f"---\nid: evil\ntitle: x\n---\n{BOMB}的教程。\n")
    done = qilu("ingest", corpus, corpus / "none.md", corpus / "x.docx")
    assert done.code == 3
    assert "5 documents" in done.out
    for name in ("bad.pdf", "noise.txt", "key.md", "evil.md", "none.md", "x.docx"):
        (line,) = [line for line in done.err.splitlines() if f"{name}: " in line]
        assert line.startswith("quarantined  ")
    value = qilu("ingest", corpus, "--json")
    assert value.code == 3
    assert {Path(p["source"]).name for p in value.value["quarantined"]} == {"bad.pdf", "noise.txt", "key.md", "evil.md"}  # fmt: skip
    assert all(problem.keys() == {"source", "reason"} for problem in value.value["quarantined"])


def test_progress_for_scripts(qilu: Qilu, corpus: Path) -> None:
    told = [json.loads(line) for line in qilu("ingest", corpus, "--json").err.splitlines()]
    assert {line["what"] for line in told} == {"documents", "passages", "sentences", "snapshots"}
    assert all(line.keys() == {"what", "done", "total", "rate", "left_s"} for line in told)
    assert [line["done"] for line in told if line["what"] == "documents"][-1] == 5


def test_quarantine(qilu: Qilu, corpus: Path) -> None:
    bad, gone = corpus / "key.md", corpus / "gone.md"
    for path in (bad, gone):
        path.write_text("---\nid: x\ntitle: x\ncolour: red\n---\n文。\n", "utf-8")
    assert qilu("ingest", corpus).code == 3
    held = qilu("quarantine", "list", "--json").value["quarantined"]
    assert [Path(item["source"]).name for item in held] == ["gone.md", "key.md"]
    assert all(item["time"] and "colour is not known" in item["reason"] for item in held)
    gone.unlink()
    assert qilu("quarantine", "retry").code == 3
    shown = qilu("quarantine", "list").out
    assert "key.md: front matter" in shown
    assert "gone.md" not in shown
    bad.write_text("---\nid: x\ntitle: 新条目\n---\n文。\n", "utf-8")
    done = qilu("quarantine", "retry", "--json")
    assert (done.code, done.value["documents"], done.value["quarantined"]) == (0, 6, [])
    assert qilu("quarantine", "list").out == "0 set aside\n"


def test_a_damaged_quarantine(filled: Qilu, tmp_path: Path) -> None:
    (tmp_path / "var" / "quarantine.json").write_text("{", "utf-8")
    one_sentence(filled("quarantine", "list"), 1, "quarantine.json is damaged")


def test_snapshots(filled: Qilu, corpus: Path) -> None:
    (corpus / "new.md").write_text("---\nid: new\ntitle: 新条目\n---\n青州出土。\n", "utf-8")
    assert filled("ingest", corpus).code == 0
    listed = filled("snapshots", "list", "--json").value
    first, second = (item["id"] for item in listed["snapshots"])
    assert listed["current"] == second
    assert [item["counts"]["documents"] for item in listed["snapshots"]] == [5, 6]
    assert second in filled("snapshots", "list").out

    assert filled("snapshots", "rollback").out == f"in use: {first}\n"
    found = filled("search", "青州", "--json").value["hits"]
    assert "new" not in {hit["entry_id"] for hit in found}
    one_sentence(filled("snapshots", "rollback"), 2, "no snapshot before the one in use")
    one_sentence(filled("snapshots", "rollback", "../x"), 2, "no snapshot '../x'")
    assert filled("snapshots", "rollback", second).code == 0
    assert filled("snapshots", "prune").out == "1 deleted, 1 left\n"
    assert filled("search", "青州", "--json").value["hits"][0]["entry_id"] == "new"


def test_snapshots_before_there_are_any(qilu: Qilu) -> None:
    assert qilu("snapshots", "list", "--json").value == {"current": None, "snapshots": []}
    assert qilu("snapshots", "prune").out == "0 deleted, 0 left\n"
    one_sentence(qilu("snapshots", "rollback"), 2, "no snapshot before")


def test_the_lock_is_named(filled: Qilu, tmp_path: Path) -> None:
    with locked(tmp_path / "var"):
        for command in (("ingest", "."), ("snapshots", "prune"), ("quarantine", "retry")):
            one_sentence(filled(*command), 1, f"is under way (process {os.getpid()})")


# search


def test_search(filled: Qilu, corpus: Path) -> None:
    done = filled("search", "泰山主峰的海拔", "-k", "2", "--json")
    assert done.code == 0
    assert done.value.keys() == {"query", "hits", "ms"}
    assert done.value["query"] == "泰山主峰的海拔"
    hit = done.value["hits"][0]
    assert hit.keys() == {"entry_id", "passage_id", "source", "title", "locator", "text", "score", "via"}  # fmt: skip
    assert (hit["entry_id"], hit["passage_id"]) == ("taishan", "taishan#1")
    assert hit["source"] == str(corpus / "landscapes/taishan.md")
    assert 0 < hit["score"] <= 1
    assert set(hit["via"]) <= {"dense", "lexical", "name"}
    assert len(done.value["hits"]) == 2
    assert "泰山" in done.out  # as it is, not \\u escapes


def test_search_for_people(filled: Qilu) -> None:
    done = filled("search", "泰山主峰的海拔", "-k", "1")
    assert done.code == 0
    assert done.out.startswith("[1] 泰山 · ")
    assert "泰山主峰玉皇顶海拔1532.7米。泰山在山东省中部。" in done.out


def test_search_filters(filled: Qilu) -> None:
    done = filled("search", "泰山", "--category", "figures", "--city", "济宁", "--json")
    assert {hit["entry_id"] for hit in done.value["hits"]} == {"kongzi", "mengzi"}
    nowhere = filled("search", "泰山", "--city", "火星", "--json")
    assert nowhere.value["hits"] == []
    assert "no entry lies in the city '火星'; there are: " in nowhere.err
    assert "济宁" in nowhere.err


def test_search_for_researchers(filled: Qilu) -> None:
    done = filled("search", "“泰山” NOT 孔子", "--boolean", "--facets", "--json")
    assert done.value.keys() == {"query", "hits", "total", "facets", "ms"}
    assert done.value["total"] == len(done.value["hits"]) > 0
    assert all("泰山" in hit["text"] and "孔子" not in hit["text"] for hit in done.value["hits"])
    assert done.value["facets"]["category"]["landscapes"] >= 1
    assert "共 " in filled("search", "泰山", "--boolean", "--facets").out
    assert filled("search", "泰山", "--years", "明代", "--sort", "era").code == 0
    one_sentence(filled("search", "泰山", "--years", "从前"), 2, "'从前' tells no time")
    one_sentence(filled("search", "(泰山", "--boolean"), 2, "a bracket is not closed")


def test_what_was_searched_is_told(filled: Qilu) -> None:
    assert "“孟子”可以指：" in filled("search", "孟子说过什么").out
    assert "检索：趵突泉在哪" in filled("search", "暴突泉在哪").out


def test_the_source_of_a_line(qilu: Qilu, tmp_path: Path) -> None:
    batch(tmp_path / "c.jsonl", {"id": "q-1", "title": "崂山", "text": "崂山在青岛市。"})
    assert qilu("ingest", tmp_path / "c.jsonl").code == 0
    (hit,) = qilu("search", "崂山", "--json").value["hits"]
    assert (hit["entry_id"], hit["source"]) == ("q-1", "q-1")


# ask


def test_ask(filled: Qilu) -> None:
    done = filled("ask", "孔子是哪里人", "--json")
    assert done.code == 0
    value = done.value
    assert value.keys() == {"question", "answer", "status", "citations", "label", "ms"}
    assert value["ms"].keys() == {"search", "first", "total"}
    assert (value["status"], value["label"]) == ("answered", NOTICE["zh"])
    for citation in value["citations"]:
        assert citation.keys() == {"n", "entry_id", "passage_id", "locator", "quote"}
        assert f"[{citation['n']}]" in value["answer"]
    assert value["citations"][0]["entry_id"] == "kongzi"


def test_ask_for_people(filled: Qilu) -> None:
    answer = filled("ask", "孔子是哪里人", "--json").value["answer"]
    done = filled("ask", "孔子是哪里人")
    assert done.code == 0
    assert done.out.startswith(answer + "\n")
    assert " · " in done.out
    assert done.out.endswith(f"（{NOTICE['zh']}）\n")


def test_long_answers_are_not_broken(filled: Qilu, chat: FakeChat) -> None:
    text = (
        "孔子创立了儒家学派。孔子名丘，字仲尼，鲁国陬邑人。相传孔子有弟子三千人，其中贤者七十二人。"
    )
    chat._script = lambda _: text * 2
    answer = filled("ask", "介绍孔子", "--json").value["answer"]
    assert len(answer) > 45
    assert answer in filled("ask", "介绍孔子").out


def test_refusals_and_blocks(filled: Qilu, chat: FakeChat) -> None:
    done = filled("ask", "泰山门票多少钱")
    assert done.code == 0
    assert done.out.startswith(REFUSAL["zh"])
    assert "相近条目：泰山" in done.out
    english = filled("ask", "How much are tickets for Mount Tai?")
    assert english.out.startswith(REFUSAL["en"])
    assert "Nearest entries: " in english.out
    blocked = filled("ask", BOMB, "--json").value
    assert (blocked["status"], blocked["answer"]) == ("blocked", BLOCKED["zh"])
    assert blocked["citations"] == []
    assert all(messages[0].content != SYSTEM for messages in chat.calls)  # no answer was asked for


def test_an_answer_that_is_taken_back(filled: Qilu, tmp_path: Path, chat: FakeChat) -> None:
    entry = "---\nid: e\ntitle: 地窖\n---\n地窖在城北。地窖里的人说弄死你全家再走。\n"
    (tmp_path / "e.md").write_text(entry)
    filled("ingest", tmp_path / "e.md")
    chat._script = lambda _: f"孔子创立了儒家学派。{BOMB}。"
    done = filled("ask", f"孔子与{BOMB[:2]}制作")
    assert done.code == 0
    assert BOMB not in done.out


# moderate


def test_moderate(qilu: Qilu) -> None:
    done = qilu("moderate", "我的邮箱是a@b.cn", "--json")
    assert done.code == 0
    assert done.value.keys() == {"action", "text", "findings"}
    assert (done.value["action"], done.value["text"]) == ("redact", "我的邮箱是[邮箱已隐去]")
    (finding,) = done.value["findings"]
    assert finding.keys() == {"category", "level", "rule", "start", "end"}
    assert (finding["category"], finding["start"], finding["end"]) == ("personal_data", 5, 11)
    assert qilu("moderate", "孔子是哪里人", "--json").value["action"] == "pass"


@pytest.mark.parametrize("stage", ["input", "output", "document"])
def test_moderate_for_people(qilu: Qilu, stage: str) -> None:
    done = qilu("moderate", BOMB, "--stage", stage)
    assert done.code == 0
    assert done.out.startswith("block: \n")
    assert "unsafe violence" in done.out


def test_moderate_an_empty_text(qilu: Qilu) -> None:
    assert qilu("moderate", "", "--json").value == {"action": "pass", "text": "", "findings": []}


# batches


def test_batches(filled: Qilu, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch(source, {"id": 1, "query": "泰山"}, {"id": 2, "query": ""}, {"id": 3, "query": "孔子"})
    done = filled("search", "--batch", source, "--out", out, "-k", "1")
    assert (done.code, done.out) == (0, "")
    assert "3 lines answered" in done.err
    found = lines(out)
    assert [line["id"] for line in found] == [1, 2, 3]
    assert found[0].keys() == {"id", "query", "hits", "ms"}
    assert found[1].keys() == {"id", "error"}
    assert "empty" in found[1]["error"]


def test_a_batch_of_questions(filled: Qilu, tmp_path: Path, chat: FakeChat) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    requests: list[dict[str, Any]] = [
        {"id": "a", "question": "孔子是哪里人"},
        {"id": "b", "question": "他有多少弟子", "history": ["孔子是哪里人"]},
        {"id": "c", "question": "塔有多高", "passages": ["灵光塔高90米。"]},
        {"id": "d", "question": "泰" * 100_000},
        {"id": "e"},
        {"id": "f", "question": BOMB},
        {"id": "g", "question": "泰山多高", "history": "孔子"},
    ]
    batch(source, *requests)
    assert filled("ask", "--batch", source, "--out", out).code == 0
    answers = {line["id"]: line for line in lines(out)}
    assert list(answers) == list("abcdefg")
    keys = {"id", "question", "answer", "status", "citations", "label", "ms"}
    for name in "abcf":
        assert answers[name].keys() == keys
    for name in "deg":
        assert answers[name].keys() == {"id", "error"}
    assert answers["b"]["question"] == "他有多少弟子"
    assert answers["c"]["citations"][0]["passage_id"] == "given-1#1"
    assert answers["f"]["status"] == "blocked"

    # Killed half way, in the middle of a line: the rest is answered, the first stays.
    whole = out.read_bytes()
    kept = whole.split(b"\n")[0] + b"\n"
    out.write_bytes(whole[: len(kept) + 40])
    asked = len(chat.calls)
    done = filled("ask", "--batch", source, "--out", out)
    assert "6 lines answered" in done.err
    assert out.read_bytes().startswith(kept)
    assert [line["id"] for line in lines(out)] == list("abcdefg")
    assert len(chat.calls) == asked + 2


def test_a_batch_of_texts(qilu: Qilu, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    batch(
        source,
        {"id": 1, "text": "泰山"},
        {"id": 2, "text": BOMB, "stage": "output"},
        {"id": 3, "text": "泰山", "stage": "exit"},
    )
    assert qilu("moderate", "--batch", source, "--out", out).code == 0
    found = lines(out)
    assert [line.get("action") for line in found] == ["pass", "block", None]
    assert found[0].keys() == {"id", "action", "text", "findings"}
    assert "no stage 'exit'" in found[2]["error"]


def test_a_bad_line_stops_it_before_it_starts(filled: Qilu, tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": 1, "question": "x"}\nnot json\n')
    one_sentence(filled("ask", "--batch", source, "--out", out), 2, "in.jsonl:2 is not JSON")
    assert not out.exists()


# eval, doctor, models


def test_eval(filled: Qilu, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    asked = {"id": "a", "question": "孔子是哪里人", "language": "zh"}
    batch(folder / "a.jsonl", {**asked, "entry": "kongzi", "facts": [["陬邑"]]})
    done = filled("eval", "--cases", folder, "--half", "all", "--json", "--out", tmp_path / "o")
    assert done.code == 0
    assert done.value.keys() == {"half", "ndcg@10", "shares", "ms"}
    assert done.value["shares"]["recall@1"] == {"value": 1.0, "hits": 1, "of": 1}
    assert lines(tmp_path / "o")[0]["rank"] == 1
    table = filled("eval", "--cases", folder, "--half", "all", "--retrieval-only")
    assert table.code == 0
    assert "recall@1" in table.out


def test_doctor(qilu: Qilu, tmp_path: Path) -> None:
    done = qilu("--home", tmp_path / "[/b]odd", "doctor")
    assert done.code == 1
    for word in ("!!", "Python", "embedding model", "chat model", "index", "disk"):
        assert word in done.out


def test_models(qilu: Qilu) -> None:
    listed = qilu("models", "list")
    assert listed.code == 0
    assert "missing" in listed.out
    done = qilu("models", "verify")
    assert done.code == 1
    assert done.err.count("is not there; run: qilu models pull\n") == 2
