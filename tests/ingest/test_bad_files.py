"""Bad files of every kind, beside three good ones: each is set aside with a sentence."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fpdf import FPDF

from qilu_rag import cli
from qilu_rag.assistant import Assistant, build
from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import IngestSettings, Settings
from qilu_rag.ingest.formats import FORMATS
from qilu_rag.ingest.pipeline import IngestReport, Pipeline
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.types import Verdict

LIMITS = IngestSettings(
    max_seconds=4,
    max_reader_bytes=2**29,
    max_file_bytes=2**20,
    max_pages=20,
    max_members=20,
    max_expanded_bytes=4 * 2**20,
)
TEXT = "泰山在山东。"
HEAD = "---\nid: x\ntitle: 题\n"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0\1\x86\xa0" * 2 + b"\x08\2\0\0\0"


def front(more: str, text: str = TEXT) -> bytes:
    return f"{HEAD}{more}\n---\n{text}\n".encode()


def line(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def pdf(pages: int = 1, password: str | None = None) -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=11)
    if password:
        made.set_encryption(owner_password="o", user_password=password)
    for _ in range(pages):
        made.add_page()
        made.cell(0, 8, "Mount Tai stands in the middle of Shandong.")
    return bytes(made.output())


def objects(*bodies: bytes, root: int = 1) -> bytes:
    """A PDF of objects 1, 2, … as they are written here."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(places) + 1, rows)
    trailer = b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(places) + 1, root)
    return data + table + trailer + b"startxref\n%d\n%%%%EOF" % len(data)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"


def stream(data: bytes, head: bytes) -> bytes:
    return b"<< %s >>\nstream\n%s\nendstream" % (head, data)


def flated() -> bytes:
    data = zlib.compress(b"q " * (120 * 2**20))
    return objects(CATALOG, PAGES, PAGE, stream(data, b"/Filter /FlateDecode /Length %d" % len(data)))  # fmt: skip


def picture() -> bytes:
    head = b"/Type /XObject /Subtype /Image /Width 99999 /Height 99999 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Length 1"  # fmt: skip
    page = PAGE[:-3] + b"/Resources << /XObject << /I 5 0 R >> >> >>"
    draw = stream(b"/I Do", b"/Length 5")
    return objects(CATALOG, PAGES, page, draw, stream(b"x", head))


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def lying(data: bytes, at: int, value: bytes) -> bytes:
    """Writes over a field of the last entry of an archive's table of contents."""
    start = data.rindex(b"PK\x01\x02") + at
    return data[:start] + value + data[start + len(value) :]


BOMB = "\n".join(
    ["l0: &l0 [x, x]"] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
)

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    # text
    "gbk-broken.txt": (lambda: "泰山在山东".encode("gbk") + b"\xff\xff" + TEXT.encode("gbk"), ""),
    "utf8-broken.md": (lambda: TEXT.encode()[:7] + b"\xff\xfe\xff" + TEXT.encode(), ""),
    "utf16-odd.txt": (lambda: b"\xff\xfe" + TEXT.encode("utf-16-le")[:-1], ""),
    "utf16-half.txt": (lambda: b"\xff\xfe\x00\xd8", ""),
    "nul.txt": (lambda: b"\0" * 9999, ""),
    "controls.md": (lambda: bytes(range(1, 9)) * 99, ""),
    "bom.txt": (lambda: b"\xef\xbb\xbf", "holds no text"),
    "blank.markdown": (lambda: b" \n\t\r\n" * 999, "holds no text"),
    "comment.md": (lambda: b"<!-- x -->", "holds no text"),
    "private.txt": ("\ue000\uf8ff".encode, "no writing has"),
    "large.txt": (lambda: b"a" * (2**20 + 1), "over the limit"),
    "one-line.md": (lambda: b"[](" * 2**19, "over the limit"),
    "png.md": (lambda: PNG + b"\xff\xd8\xff\xff", ""),
    "ole.text": (lambda: OLE + b"\xff\xff", ""),
    # front matter
    "open.md": (lambda: b"---\nid: x\ntitle: y\n\nx", "never closed"),
    "only-front.md": (lambda: front("", " "), "holds no text"),
    "aliases.md": (lambda: front(BOMB), "aliases (*name) are not allowed"),
    "merge.md": (lambda: front("a: &a {b: 1}\n<<: *a"), "aliases (*name)"),
    "nested.md": (lambda: front("[" * 9000), "not valid YAML"),
    "python.md": (lambda: front("a: !!python/object/apply:os.getcwd []"), "not valid YAML"),
    "tag.md": (lambda: front("a: !!int ''"), "not valid YAML"),
    "date.md": (lambda: front("a: 2020-13-45"), "not valid YAML"),
    "long.md": (lambda: front(f"licence: {'x' * 65536}"), "65536 characters"),
    "list.md": (lambda: b"---\n- a\n---\nx", "mapping"),
    "key.md": (lambda: front("colour: red"), "colour is not known"),
    "keys.md": (lambda: front("\n".join(f"k{n}: 1" for n in range(5000))), "is not known"),
    "type.md": (lambda: front("category: [1]"), "category is wrong"),
    "no-title.md": (lambda: b"---\nid: x\n---\nx", "title is missing"),
    "no-id.md": (lambda: b"---\nid: ''\ntitle: x\n---\nx", "id must be"),
    "rtl.md": ('---\nid: x\ntitle: "a\u202eb"\n---\nx'.encode, ""),
    "zero-width.md": ('---\nid: x\ntitle: "a\u200bb"\n---\nx'.encode, "printable"),
    "half.md": (lambda: front('aliases: ["\\ud800"]'), "half of a character"),
    "year.md": (lambda: front("era: {from: 0}"), "year 0"),
    "infinite.md": (lambda: front("era: {from: .inf}"), "era.start is wrong"),
    "taken.md": (lambda: b"---\nid: good-md\ntitle: x\n---\nx", "is taken"),
    # lines
    "open.jsonl": (lambda: b'{"id": "j", "text": ', "not a JSON object"),
    "nested.jsonl": (lambda: b"[" * 99999, "not a JSON object"),
    "digits.jsonl": (lambda: b'{"id": %s, "text": "x"}' % (b"9" * 9999), "not a JSON object"),
    "list.jsonl": (lambda: b"[]", "string `text`"),
    "number.jsonl": (lambda: b'{"id": "j", "text": 1}', "string `text`"),
    "no-id.jsonl": (lambda: b'{"text": "x"}', "id is missing"),
    "half.jsonl": (lambda: b'{"id": "\\ud800", "text": "x"}', ""),
    "raw-half.jsonl": (lambda: line('{"id": "j", "text": "\ud800"}'), ""),
    "many.jsonl": (lambda: b"{\n" * 999, "not a JSON object"),
    "nan.jsonl": (lambda: b'{"id": NaN, "text": "x"}', "id is wrong"),
    # PDF
    "head.pdf": (lambda: b"%PDF-1.7", "not a whole PDF"),
    "encrypted.pdf": (lambda: pdf(password="x"), "encrypted"),
    "truncated.pdf": (lambda: pdf()[:400], ""),
    "pages.pdf": (lambda: pdf(21), "over 20 pages"),
    "png.pdf": (lambda: PNG, "not a whole PDF"),
    "nul.pdf": (lambda: b"\0" * 9999, "not a whole PDF"),
    "zip.pdf": (lambda: packed({"a.md": b"x"}), "not a whole PDF"),
    "text.pdf": (TEXT.encode, "not a whole PDF"),
    "tree-loop.pdf": (lambda: objects(CATALOG, PAGES.replace(b"3 0", b"2 0")), ""),
    "tree-wide.pdf": (lambda: objects(CATALOG, b"<< /Type /Pages /Kids [%s] /Count 99999999 >>" % (b"2 0 R " * 999)), ""),
    "contents-loop.pdf": (lambda: objects(CATALOG, PAGES, PAGE, b"[4 0 R 4 0 R]"), ""),
    "reference-loop.pdf": (lambda: objects(CATALOG, b"3 0 R", b"2 0 R"), ""),
    "root-loop.pdf": (lambda: objects(b"1 0 R"), ""),
    "length.pdf": (lambda: objects(CATALOG, PAGES, PAGE, stream(b"BT", b"/Length 99999999999")), ""),
    "length-loop.pdf": (lambda: objects(CATALOG, PAGES, PAGE, stream(b"BT", b"/Length 4 0 R")), ""),
    "nested.pdf": (lambda: objects(CATALOG, b"[" * 99999 + b"]" * 99999), ""),
    "flate-bomb.pdf": (flated, ""),
    "picture-bomb.pdf": (picture, "holds no text"),
    "script.pdf": (lambda: objects(CATALOG[:-2] + b"/OpenAction << /S /JavaScript /JS (for\\(;;\\);) >> >>", PAGES, PAGE, stream(b"q Q", b"/Length 3")), "holds no text"),
    "xref-loop.pdf": (lambda: b"%PDF-1.7\nxref\n0 0\ntrailer << /Prev 9 /Size 1 >>\nstartxref\n9\n%%EOF", ""),
    # archives
    "text.zip": (TEXT.encode, "not a whole zip"),
    "truncated.zip": (lambda: packed({"a.md": b"x" * 999})[:-9], "not a whole zip"),
    "nothing.zip": (lambda: packed({}), "nothing that is read"),
    "pictures.zip": (lambda: packed({"a.gif": PNG}), "nothing that is read"),
    "flat-bomb.zip": (lambda: packed({"a.md": b"\0" * (5 * 2**20)}), "over the limit"),
    "member-bomb.zip": (lambda: packed({"a.md": b"\0" * (2 * 2**20)}), "over 1,048,576 bytes"),
    "lying-bomb.zip": (lambda: lying(packed({"a.md": b"\0" * 2**22}), 24, b"\1\0\0\0"), "damaged"),
    "overlapping.zip": (lambda: lying(packed({"a.md": b"a", "b.md": b"b"}), 42, b"\0" * 4), "overlap"),
    "many.zip": (lambda: packed({f"{n}.md": b"x" for n in range(21)}), "over 20 members"),
    "nested-bomb.zip": (lambda: packed({"b.zip": packed({"a.md": b"\0" * 2**22})}), "archive inside"),
    "quine-like.zip": (lambda: packed({"quine-like.zip": b"PK"}), "archive inside"),
    "absolute.zip": (lambda: packed({"/etc/x.md": b"x"}), "leads out"),
    "up.zip": (lambda: packed({"../../x.md": b"x"}), "leads out"),
    "rtl.zip": (lambda: packed({"x\u202edm.md": b"x"}), "can't be seen"),
    "link.zip": (lambda: lying(packed({"x.md": b"/etc/passwd"}), 38, b"\0\0\xff\xa1"), "is a link"),
    "encrypted.zip": (lambda: lying(packed({"x.md": b"x"}), 8, b"\1\0"), "encrypted"),
    "damaged.zip": (lambda: lying(packed({"x.md": b"x"}), 16, b"\0\0\0\0"), "damaged"),
    "bzip2.zip": (lambda: packed({"x.md": b"x"}, zipfile.ZIP_BZIP2), "method"),
    "bad-member.zip": (lambda: packed({"x.md": b"---\nid: x\n---\nx"}), "title is missing"),
}  # fmt: skip
"""Name → what makes its bytes, and a part of the reason where it is ours to word."""

PLAIN = {".html", ".htm", ".xhtml", ".csv", ".tsv"}
"""Formats that take any text."""

for suffix in sorted({*FORMATS, ".jsonl"} - {".jsonl"}):
    BAD[f"empty{suffix}"] = (lambda: b"", "")
    if not FORMATS[suffix].is_text and suffix not in PLAIN:
        BAD[f"mislabelled{suffix}"] = (TEXT.encode, "")
        BAD[f"old-office{suffix}"] = (lambda: OLE, "")
        BAD[f"half-a-zip{suffix}"] = (lambda: packed({"x.xml": b"x" * 999})[:-30], "")
        BAD[f"zip{suffix}"] = (lambda: packed({"x.xml": b"<x/>"}), "")
        BAD[f"bomb{suffix}"] = (lambda: packed({"word/document.xml": b"\0" * 2**23}), "")
        BAD[f"huge-picture{suffix}"] = (lambda: PNG, "")


def make_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the path of a socket may have 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


LINKS: dict[str, Callable[[Path], object]] = {
    "fifo.md": os.mkfifo,
    "socket.txt": make_socket,
    "device.pdf": lambda path: path.symlink_to("/dev/zero"),
    "dangling.md": lambda path: path.symlink_to("nowhere.md"),
    "loop.md": lambda path: path.symlink_to("loop.md"),
    "pipe.zip": os.mkfifo,
}
"""What stands in a folder and is no file."""


def fill_good(folder: Path) -> None:
    (folder / "good.md").write_text("---\nid: good-md\ntitle: 泰山\n---\n泰山在山东。\n", "utf-8")
    (folder / "good.pdf").write_bytes(pdf())
    (folder / "good.yaml").write_text("id: good-pdf\ntitle: Mount Tai\n", "utf-8")
    (folder / "good.jsonl").write_text('{"id": "good-line", "text": "趵突泉在济南。"}', "utf-8")


GOOD = {"good-md", "good-pdf", "good-line"}


@dataclass(frozen=True)
class Ran:
    """What came of a run over all of them."""

    folder: Path
    report: IngestReport
    held: set[str]
    quarantine: list[dict[str, str]]
    seconds: float

    def reasons(self, name: str) -> list[str]:
        origins = {str(self.folder / name), os.path.realpath(self.folder / name)}
        return [item["reason"] for item in self.quarantine if item["origin"] in origins]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("bad")
    fill_good(folder)
    for name, (make, _) in BAD.items():
        (folder / name).write_bytes(make())
    for name, link in LINKS.items():
        link(folder / name)
    (folder / "beside.txt").write_text(TEXT, "utf-8")
    (folder / "beside.yaml").write_text("- id\n", "utf-8")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.md")).write_text(TEXT, "utf-8")
    home = tmp_path_factory.mktemp("home")
    store = SnapshotStore(home / "snapshots", FakeVectorBackend(), FakeWordBackend())
    embedder = FakeEmbedder()
    pipeline = Pipeline(
        home=home,
        settings=LIMITS,
        store=store,
        embedder=embedder,
        screen=lambda text, _: Verdict(action="pass", text=text),
    )
    start = time.monotonic()
    report = pipeline.run([folder], lambda *_: None)
    return Ran(
        folder=folder,
        report=report,
        held=set(store.open(embedder).entries()),
        quarantine=json.loads((home / "quarantine.json").read_text("utf-8")),
        seconds=time.monotonic() - start,
    )


def test_the_good_ones_are_published(ran: Ran) -> None:
    assert ran.held == GOOD
    assert ran.report.documents == len(GOOD)


@pytest.mark.parametrize("name", BAD)
def test_each_bad_one_is_set_aside(ran: Ran, name: str) -> None:
    reasons = ran.reasons(name)
    assert reasons
    assert all(BAD[name][1] in reason for reason in reasons), reasons


@pytest.mark.parametrize("name", [*LINKS, "beside.txt", "\\udcff.md"])
def test_what_is_no_file_is_set_aside(ran: Ran, name: str) -> None:
    assert ran.reasons(name)


def test_each_reason_is_one_clear_sentence(ran: Ran) -> None:
    for item in ran.quarantine:
        assert 5 < len(item["reason"]) <= 500, item
        assert item["reason"].isprintable(), item
        assert "Traceback" not in item["reason"]
        assert item["time"].startswith("2")
        assert item["source"].startswith(str(ran.folder)) or item["source"] == "j", item


def test_there_are_many_and_none_hangs(ran: Ran) -> None:
    assert len(BAD) + len(LINKS) >= 60
    assert len(ran.report.quarantined) >= 60
    assert ran.seconds < 300


def test_the_command_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    fill_good(folder)
    bad = ["head.pdf", "up.zip", "open.md", "nested.jsonl"]
    for name in bad:
        (folder / name).write_bytes(BAD[name][0]())
    os.mkfifo(folder / "fifo.md")

    def on_fakes(settings: Settings) -> Assistant:
        vectors, words = FakeVectorBackend(), FakeWordBackend()
        chat, embedder = FakeChat(), FakeEmbedder()
        return build(settings, embedder=embedder, chat=chat, vectors=vectors, words=words)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "build", on_fakes)
    monkeypatch.setattr(sys, "argv", ["qilu", "--home", "home", "ingest", str(folder)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    assert ended.value.code == 3
    assert "3 documents" in shown.out
    lines = [row for row in shown.err.splitlines() if row.startswith("quarantined  ")]
    assert len(lines) == len(bad) + 1
    assert all(any(name in row for row in lines) for name in [*bad, "fifo.md"])
