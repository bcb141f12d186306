"""Loading: what can't be read comes out as one sentence, the rest comes out whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.files import READABLE, Problem, find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.types import Document

LIMITS = IngestSettings()
TEXT = "---\nid: taishan\ntitle: 泰山\n---\n泰山在山东。\n"
JSON_ISH = st.lists(
    st.sampled_from(
        ['{"id": "a", "title": "t", "text": "正文"}', '{"id": 1, "text": "\\ud800x"}', "{}", "[]", "null",
         '{"text": 1}', '{"text": "x", "id": NaN}', "{", "\n", "\n", " ", '{"id": "b", "text": " "}',
         '{"id": 9, "text": "x", "\\ud800": 1}', "[" * 3000, '{"id": 1e999, "text": "x"}', "\ufeff"]
    ),
    max_size=8,
).map(lambda parts: "\n".join(parts).encode())  # fmt: skip


def load(path: Path, limits: IngestSettings = LIMITS) -> list[Document | Problem]:
    return list(load_file(path, limits))


def one(path: Path, limits: IngestSettings = LIMITS) -> Document:
    (item,) = load(path, limits)
    assert isinstance(item, Document), item
    return item


def problem(path: Path, limits: IngestSettings = LIMITS) -> str:
    (item,) = load(path, limits)
    assert isinstance(item, Problem), item
    assert item.source == str(path)
    return item.reason


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.encode("gbk"),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "crlf", "gbk"],
)
def test_encodings_that_are_read(tmp_path: Path, data: bytes) -> None:
    document = one(write(tmp_path / "a.md", data))
    assert document.entry.id == "taishan"
    assert document.text == "泰山在山东。"


@pytest.mark.parametrize(
    "data", ["", " \n\n", "\ufeff", "---\nid: a\ntitle: b\n---\n", "<!-- x -->"]
)
def test_no_text(tmp_path: Path, data: str) -> None:
    assert problem(write(tmp_path / "a.md", data)) == "holds no text"


def test_large_files_are_refused_unread(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "泰" * 100)
    reason = problem(path, IngestSettings(max_file_bytes=299))
    assert "300 bytes" in reason
    assert "299" in reason
    assert "QILU_INGEST__MAX_FILE_BYTES" in reason
    assert one(path, IngestSettings(max_file_bytes=300)).text == "泰" * 100


def test_a_file_that_went_away_is_a_problem(tmp_path: Path) -> None:
    assert "can't be read: No such file" in problem(tmp_path / "gone.md")


def test_wrong_front_matter_is_a_problem(tmp_path: Path) -> None:
    assert "the key colour is not known" in problem(
        write(tmp_path / "a.md", "---\nid: a\ntitle: b\ncolour: red\n---\nText")
    )


def test_markdown_has_sections_and_plain_text_has_none(tmp_path: Path) -> None:
    text = "前言。\n# 甲\n**正文**。"
    document = one(write(tmp_path / "a.md", text))
    assert [b.headings for b in document.blocks] == [(), ("甲",)]
    assert "正文。" in document.text.split("\n")
    plain = one(write(tmp_path / "a.txt", text))
    assert plain.text == text
    assert [b.headings for b in plain.blocks] == [()]


def test_a_file_without_front_matter_keeps_its_id(tmp_path: Path) -> None:
    path = write(tmp_path / "My Notes.md", "# 泰山笔记\n\n正文。")
    first = one(path)
    assert first.entry.id.startswith("my-notes-")
    assert first.entry.title == "泰山笔记"
    write(path, "# 别的题目\n\n别的正文。")
    second = one(path)
    assert second.entry.id == first.entry.id
    assert second.sha256 != first.sha256


def test_ids_of_files_of_one_name_differ(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first, second = (one(write(tmp_path / p, "正文。")) for p in ("泰山.txt", "b/泰山.txt"))
    assert first.entry.id != second.entry.id
    assert first.entry.title == second.entry.title == "泰山"


def test_the_id_does_not_hang_on_how_the_path_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", "正文。")
    monkeypatch.chdir(tmp_path)
    assert one(Path("a.txt")).entry.id == one(path).entry.id


def test_front_matter_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "正文。")
    alone = one(path)
    write(tmp_path / "a.yaml", "id: beside\ntitle: 旁\n")
    document = one(path)
    assert (document.entry.id, document.entry.title) == ("beside", "旁")
    assert document.sha256 != alone.sha256
    write(tmp_path / "a.yaml", "id: beside\ntitle: 换\n")
    assert one(path).sha256 != document.sha256


def test_what_is_wrong_beside_the_file_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "正文。")
    write(tmp_path / "a.yaml", "- id\n")
    (item,) = load(path)
    assert isinstance(item, Problem)
    assert item.source.endswith("a.yaml")
    assert "mapping" in item.reason


def test_front_matter_inside_goes_first(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "id: beside\ntitle: 旁\n")
    assert one(write(tmp_path / "a.md", TEXT)).entry.id == "taishan"


def test_lines(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "title": "甲", "text": "正文甲。", "category": "folk"},
        {"id": 12, "text": "正文乙。"},
    ]
    path = write(tmp_path / "a.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    first, second = load(path)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.entry.id, first.entry.title, first.entry.category) == ("a", "甲", "folk")
    assert (second.entry.id, second.entry.title, second.text) == ("12", "12", "正文乙。")
    assert (first.source, second.source) == ("a", "12")
    assert first.sha256 != second.sha256


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ('{"id": "b", "text": ', "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('["b"]', "string `text`"),
        ('{"id": "b"}', "string `text`"),
        ('{"id": "b", "text": 5}', "string `text`"),
        ('{"text": "x"}', "the key id is missing"),
        ('{"id": true, "text": "x"}', "the key id is wrong"),
        ('{"id": "b", "text": "x", "colour": 1}', "the key colour is not known"),
        ('{"id": "b", "text": "  "}', "holds no text"),
        ('{"id": "b", "text": "x", "aliases": ["\\ud800"]}', "aliases holds half"),
    ],
)
def test_a_broken_line_is_named_and_the_others_survive(
    tmp_path: Path, line: str, part: str
) -> None:
    good = ['{"id": "a", "text": "甲"}', '{"id": "c", "text": "丙"}']
    path = write(tmp_path / "a.jsonl", f"{good[0]}\n{line}\n{good[1]}\n")
    first, broken, last = load(path)
    assert isinstance(first, Document)
    assert isinstance(last, Document)
    assert (first.entry.id, last.entry.id) == ("a", "c")
    assert isinstance(broken, Problem)
    assert broken.source == f"{path}:2"
    assert part in broken.reason


def test_folders_are_searched(tmp_path: Path) -> None:
    wanted = ["a.md", "b/c.TXT", "b/d.jsonl", "b/e/f.pdf", "g.markdown"]
    others = [
        "README.md",
        "b/readme.txt",
        ".hidden.md",
        ".git/x.md",
        "a.yaml",
        "x.py",
        "b/.x/y.txt",
    ]
    for name in wanted + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / name, "x")
    (tmp_path / "folder.md").mkdir()
    files, problems = find_files([tmp_path])
    assert files == sorted(tmp_path / name for name in wanted)
    assert problems == []


def test_a_hidden_folder_may_be_named(tmp_path: Path) -> None:
    (tmp_path / ".notes").mkdir()
    path = write(tmp_path / ".notes/a.md", "x")
    assert find_files([tmp_path / ".notes"])[0] == [path]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.md", "x")
    assert find_files([path, tmp_path, path]) == ([path], [])


def test_paths_that_lead_nowhere_are_problems(tmp_path: Path) -> None:
    picture = write(tmp_path / "a.bmp", b"x")
    files, problems = find_files([tmp_path / "gone", picture])
    assert files == []
    assert [p.source for p in problems] == [str(tmp_path / "gone"), str(picture)]
    assert "no such file or folder" in problems[0].reason
    assert "not read" in problems[1].reason
    assert all(suffix in problems[1].reason for suffix in READABLE)


def test_a_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    broken = os.fsencode(tmp_path) + b"/\xff.md"
    try:
        Path(os.fsdecode(broken)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system has no such names")
    good = write(tmp_path / "a.md", "x")
    files, (found,) = find_files([tmp_path])
    assert files == [good]
    assert "not UTF-8" in found.reason
    found.source.encode()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@given(
    data=st.binary(max_size=300) | st.text(max_size=100).map(str.encode) | JSON_ISH,
    suffix=st.sampled_from(sorted(READABLE)),
)
@example(data=b"\xff\xfe\x00", suffix=".txt")
@example(data=b"%PDF-1.7\n%%EOF", suffix=".pdf")
@example(data=b'---\nid: !!int ""\n---\nx', suffix=".md")
@example(data=b'{"id": "a", "text": "x", "title_en": "\\ud800"}', suffix=".jsonl")
def test_no_bytes_make_it_raise(scratch: Path, data: bytes, suffix: str) -> None:
    path = write(scratch / f"a{suffix}", data)
    for item in load_file(path, LIMITS):
        if isinstance(item, Problem):
            assert item.source.startswith(str(path))
            f"{item.source} {item.reason}".encode()
        else:
            assert item.text.strip()
            item.text.encode()
            for block in item.blocks:
                assert 0 <= block.start < block.end <= len(item.text)
