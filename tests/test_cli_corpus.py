"""`qilu corpus`: what it prints and how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qilu_rag import cli

Run = Callable[..., tuple[int, str, str]]
ENTRY = """---
id: kongzi
title: 孔子
title_en: Confucius
category: figures
kind: person
relations:
  - {type: related_to, to: mengzi}
sources:
  - {id: s1, kind: classic, cite: 《史记》}
licence: CC-BY-4.0
---
孔子是儒家学派的创立者[s1]。

## 生平

孔子是鲁国人。

## 思想

孔子主张仁和礼。

## 弟子

颜回是孔子的弟子。
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus" / "figures").mkdir(parents=True)
    (tmp_path / "corpus" / "figures" / "kongzi.md").write_text(ENTRY, "utf-8")

    def ended(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qilu", "corpus", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return ended


def test_check_prints_file_line_and_mend(run: Run) -> None:
    code, out, _ = run("check")
    assert code == 1
    assert "corpus/figures/kongzi.md:8: relations: " in out
    assert "run qilu corpus pull classics" in out
    code, out, _ = run("check", "--json")
    assert code == 1
    value = json.loads(out)
    assert value["files"] == 1
    assert {finding["rule"] for finding in value["findings"]} == {"relations"}


def test_check_of_no_folder(run: Run) -> None:
    code, out, err = run("check", "nowhere")
    assert (code, out) == (1, "")
    assert err.startswith("qilu: nowhere is not a folder")


def test_stats(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("stats", "--svg", "figure.svg")
    assert code == 0
    assert "1 条目" in out
    assert (tmp_path / "figure.svg").read_text("utf-8").startswith("<svg")
    assert json.loads(run("stats", "--json")[1])["entries"] == 1
    assert run("stats", "nowhere")[0] == 2
    code, _, err = run("stats", "--svg", "no/such/figure.svg")
    assert code == 2
    assert "can't be written" in err


def test_pull_of_something_else(run: Run) -> None:
    code, _, err = run("pull", "music")
    assert code == 2
    assert "there is: classics" in err


def test_pull_without_npm_says_so(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = run("pull", "classics")
    assert code == 1
    assert "everything else works" in err


def test_pull_tells_what_came(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qilu_rag.curate.pull.pull", lambda folder: {"lunyu-original": 512})
    assert "lunyu-original: 512 passages" in run("pull", "classics")[1]
    monkeypatch.setattr("qilu_rag.curate.pull.pull", lambda folder: {})
    assert "as it should be" in run("pull", "classics")[1]
