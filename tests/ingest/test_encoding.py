"""Encodings: each is told from the others, and what is none is refused, never garbled."""

from __future__ import annotations

import codecs
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qilu_rag.errors import DocumentError
from qilu_rag.ingest.encoding import decode

SIMPLE = "泰山在山东省泰安市，主峰海拔1532.7米。\n孔庙在曲阜，是祭祀孔子的庙宇。"
OLD = "泰山在山東省泰安市，主峰海拔1532.7米。\n孔廟在曲阜，是祭祀孔子的廟宇。"
CLASSIC = "子曰：「學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？」"
JAPANESE = "私は学生です。日本語の文章を書いています。"
KOREAN = "서울은 큰 도시입니다. 저는 학생입니다."


def picture(kind: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (4, 4)).save(held, kind)
    return held.getvalue()


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        zipped.writestr("a.txt", SIMPLE)
    return held.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        decode(data, "a.txt")
    assert caught.value.source == "a.txt"
    assert "\n" not in caught.value.reason
    assert ";" in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize(
    ("codec", "mark", "text", "named"),
    [
        ("utf-8", b"", SIMPLE, "utf-8"),
        ("utf-8", codecs.BOM_UTF8, SIMPLE, "utf-8"),
        ("utf-8", b"", "café, Lǐ Bái, Кремль, αβγ, π", "utf-8"),
        ("utf-16-le", codecs.BOM_UTF16_LE, SIMPLE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, SIMPLE, "utf-16"),
        ("utf-16-le", b"", SIMPLE, "utf-16"),
        ("utf-16-be", b"", CLASSIC, "utf-16"),
        ("utf-16-le", b"", "Mount Tai", "utf-16"),
        ("utf-32-le", codecs.BOM_UTF32_LE, SIMPLE, "utf-32"),
        ("utf-32-be", codecs.BOM_UTF32_BE, SIMPLE, "utf-32"),
        ("gb2312", b"", SIMPLE, "gb18030"),
        ("gbk", b"", OLD, "gb18030"),
        ("gb18030", b"", SIMPLE + "㐂€𠀀", "gb18030"),
        ("big5", b"", OLD, "big5"),
        ("cp950", b"", CLASSIC, "big5"),
        ("gbk", b"", CLASSIC.replace("「", "“").replace("」", "”"), "gb18030"),
        ("gbk", b"", "Mount Tai " * 9000 + "\n名称,级别\n孔庙,国家级", "gb18030"),
        ("gbk", b"", "BM的正文在后。泰山在山东。", "gb18030"),
    ],
)
def test_encodings_are_told(codec: str, mark: bytes, text: str, named: str) -> None:
    assert decode(mark + text.encode(codec), "a.txt") == (text, named)


@pytest.mark.parametrize("text", ["泰山", "Mount Tai (泰山) is high"])
def test_a_name_in_gb2312_that_is_valid_utf8_by_chance(text: str) -> None:
    data = text.encode("gb2312")
    assert data.decode("utf-8") != text
    assert decode(data, "a.txt") == (text, "gb18030")


def test_line_ends_become_newlines() -> None:
    assert decode("一\r\n二\n".encode("gbk"), "a") == ("一\n二\n", "gb18030")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=50))
def test_utf8_and_utf16_with_a_mark_come_back_whole(text: str) -> None:
    data = text.encode("utf-8-sig")
    assert decode(data, "a") == (text, "utf-8")
    assert decode(text.encode("utf-16"), "a") == (text, "utf-16")


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (JAPANESE.encode("cp932"), ["no encoding that is read", "cp932", "save it as UTF-8"]),
        (JAPANESE.encode("euc_jp"), ["no encoding that is read", "euc-jp"]),
        (KOREAN.encode("cp949"), ["no encoding that is read"]),
        ("Le château était très élevé".encode("latin-1"), ["no encoding that is read"]),
        (SIMPLE.encode()[:40] + SIMPLE.encode()[41:], ["not UTF-8 at byte 39", "again"]),
        ((SIMPLE * 9).encode()[:-2], ["not UTF-8 at byte", "nearly"]),
        (bytes(100), ["no text", "hand in the text"]),
        (SIMPLE.encode() + bytes(100), ["no text"]),
        ("\ue000\ue001泰山".encode(), ["no text"]),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), ["no text"]),
        (b"%PDF-1.4\n1 0 obj\n<< >>\n", ["application/pdf", "ending .pdf"]),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(range(256)), ["ending .pdf"]),
        (picture("PNG"), ["image/png", "ending .png"]),
        (picture("JPEG"), ["image/jpeg", "ending .jpg"]),
        (archive(), ["application/zip", "ending .zip"]),
        (b"\xff\xfe\x00", [";"]),
    ],
)
def test_what_is_refused_says_why(data: bytes, parts: list[str]) -> None:
    reason = refused(data)
    assert all(part in reason for part in parts), reason


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    try:
        text, encoding = decode(data, "a")
    except DocumentError as error:
        assert "\n" not in error.reason
    else:
        assert encoding in ("utf-8", "utf-16", "utf-32", "gb18030", "big5")
        assert "\ufffd" not in text or b"\xef\xbf\xbd" in data or encoding != "utf-8"
