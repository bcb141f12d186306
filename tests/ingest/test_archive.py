"""Zip archives: members are files like any other, and what could mislead is set aside."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.files import Problem, find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.types import Document

LIMITS = IngestSettings(max_file_bytes=2**20, max_expanded_bytes=4 * 2**20, max_members=20)
TEXT = "泰山在山东。".encode()
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def pack(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def patched(data: bytes, mark: bytes, at: int, kind: str, value: int) -> bytes:
    """Writes over a field of the last header of a kind."""
    array = bytearray(data)
    struct.pack_into(kind, array, data.rindex(mark) + at, value)
    return bytes(array)


def linked(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def load(
    folder: Path, data: bytes, limits: IngestSettings = LIMITS
) -> tuple[list[Document], dict[str, str]]:
    """The documents, and the reasons by the path inside the archive."""
    path = folder / "a.zip"
    path.write_bytes(data)
    items = list(load_file(path, limits))
    documents = [item for item in items if isinstance(item, Document)]
    problems = [item for item in items if isinstance(item, Problem)]
    assert all(item.source.startswith(str(path)) for item in items)
    return documents, {p.source.removeprefix(str(path)).lstrip("/"): p.reason for p in problems}


def test_members_in_the_order_of_names(tmp_path: Path) -> None:
    lines = b'{"id": "x", "text": "x"}'
    data = pack({"b/c.md": TEXT, "a.txt": TEXT, "b/": b"", "d.bmp": b"x", "z.MD": TEXT})
    documents, problems = load(tmp_path, data)
    inside = [Path(document.source).relative_to(tmp_path) for document in documents]
    assert inside == [Path("a.zip", name) for name in ("a.txt", "b/c.md", "z.MD")]
    assert problems == {}
    (tmp_path / "l.zip").write_bytes(pack({"x.jsonl": lines}))
    (item,) = load_file(tmp_path / "l.zip", LIMITS)
    assert isinstance(item, Document)
    assert item.entry.id == "x"


def test_ids_of_members_differ_and_last(tmp_path: Path) -> None:
    data = pack({"甲/x.txt": TEXT, "乙/x.txt": TEXT})
    first, _ = load(tmp_path, data)
    again, _ = load(tmp_path, data)
    ids = [document.entry.id for document in first]
    assert len(set(ids)) == 2
    assert ids == [document.entry.id for document in again]


def test_front_matter_beside_a_member(tmp_path: Path) -> None:
    (document,), _ = load(tmp_path, pack({"b/x.txt": TEXT, "b/x.yaml": b"id: beside\ntitle: t\n"}))
    assert document.entry.id == "beside"


def test_what_folders_pass_over_is_passed_over(tmp_path: Path) -> None:
    names = ["README.md", "b/readme.txt", ".x.md", ".git/x.md", "__MACOSX/x.md", "x.py", "a.md"]
    documents, problems = load(tmp_path, pack(dict.fromkeys(names, TEXT)))
    assert [Path(document.source).name for document in documents] == ["a.md"]
    assert problems == {}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "ascii"])
def test_names_without_a_mark_of_their_encoding(tmp_path: Path, encoding: str) -> None:
    name = "docs/a.txt" if encoding == "ascii" else "典籍/论语.txt"
    raw = name.encode(encoding)
    data = pack({"x" * len(raw): TEXT}).replace(b"x" * len(raw), raw)
    (document,), _ = load(tmp_path, data)
    assert document.source == f"{tmp_path}/a.zip/{name}"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("/etc/x.md", "leads out"),
        ("b/../../x.md", "leads out"),
        ("..\\x.md", "leads out"),
        ("C:\\x.md", "leads out"),
        ("x\u202edm.md", "can't be seen"),
        ("x\x1b[2J.md", "can't be seen"),
        ("b/x.zip", "inside an archive"),
    ],
)
def test_names_that_are_refused(tmp_path: Path, name: str, part: str) -> None:
    documents, problems = load(tmp_path, pack({name: TEXT, "a.md": TEXT}))
    assert len(documents) == 1
    (reason,) = problems.values()
    assert part in reason


def encrypted() -> bytes:
    data = patched(pack({"a.md": TEXT, "x.md": TEXT}), CENTRAL, 8, "<H", 1)
    return patched(data, LOCAL, 6, "<H", 1)


def doubled() -> bytes:
    return pack({"a.md": TEXT, "y.md": TEXT, "x.md": TEXT}).replace(b"y.md", b"x.md")


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (encrypted, "encrypted"),
        (doubled, "stands twice"),
        (lambda: linked("x.md"), "is a link"),
        (lambda: pack({"x.md": TEXT}, zipfile.ZIP_BZIP2), "method"),
        (lambda: pack({"x.md": TEXT}, zipfile.ZIP_LZMA), "method"),
        (lambda: pack({"x.md": b"a" * 2**21}), "over 1,048,576 bytes"),
        (lambda: patched(pack({"x.md": TEXT}), CENTRAL, 16, "<I", 7), "damaged"),
        (lambda: patched(pack({"x.md": b"a" * 9999}), CENTRAL, 24, "<I", 9), "damaged"),
    ],
)
def test_members_that_are_refused(tmp_path: Path, make: Callable[[], bytes], part: str) -> None:
    documents, problems = load(tmp_path, make())
    assert list(problems) == ["x.md"]
    assert part in problems["x.md"]
    assert all(document.source.endswith((".zip/a.md", ".zip/x.md")) for document in documents)


def overlapping() -> bytes:
    return patched(pack({"a.md": TEXT, "b.md": TEXT}), CENTRAL, 42, "<I", 0)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "not a whole zip"),
        (b"PK\x03\x04 no archive", "not a whole zip"),
        (pack({"a.md": TEXT})[:-30], "not a whole zip"),
        (pack({}), "holds nothing that is read"),
        (pack({"a.bmp": b"x"}), "holds nothing that is read"),
        (overlapping(), "overlap"),
        (pack({f"{n}.md": b"" for n in range(21)}), "over 20 members"),
        (pack({f"{'x' * 9999}{n}.md": b"" for n in range(3)}), "over 20 members"),
        (pack({f"{n}.md": b"\0" * 2**20 for n in range(5)}), "over the limit of 4,194,304"),
    ],
)
def test_archives_that_are_refused(tmp_path: Path, data: bytes, part: str) -> None:
    documents, problems = load(tmp_path, data)
    assert documents == []
    assert list(problems) == [""]
    assert part in problems[""]


def test_an_archive_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    _, problems = load(tmp_path, b"x" * 300, IngestSettings(max_expanded_bytes=299))
    assert "QILU_INGEST__MAX_EXPANDED_BYTES" in problems[""]


def test_archives_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.ZIP"
    path.write_bytes(pack({"a.md": TEXT}))
    assert find_files([tmp_path]) == ([path], [])
