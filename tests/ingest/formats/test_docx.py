"""DOCX: styles become headings, notes are kept, and what is no DOCX is told."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.docx import read_docx

LIMITS = IngestSettings()
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = {"1": "heading 1", "2": "标题 2", "t": "Title", "b": "标题", "7": "heading 7"}
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)  # fmt: skip


def paragraph(text: str, style: str = "") -> str:
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def row(*cells: str, head: bool = False) -> str:
    marked = "<w:trPr><w:tblHeader/></w:trPr>" if head else ""
    return f"<w:tr>{marked}{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"


def links(**targets: str) -> str:
    listed = "".join(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def make_docx(
    *body: str, notes: str = "", title: str = "", more: Mapping[str, str | bytes] | None = None
) -> bytes:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in STYLES.items()
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": links(officeDocument="word/document.xml"),
        "word/_rels/document.xml.rels": links(styles="styles.xml", footnotes="footnotes.xml"),
        "word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
        "word/footnotes.xml": f"<w:footnotes {W}>{notes}</w:footnotes>",
        "word/document.xml": f"<w:document {W}><w:body>{''.join(body)}</w:body></w:document>",
        "docProps/core.xml": (
            '<p:coreProperties xmlns:p="urn:p" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>{title}</dc:title></p:coreProperties>"
        ),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(more or {})}.items():
            archive.writestr(name, data)
    return file.getvalue()


def parts(data: bytes) -> list[tuple[tuple[str, ...], str]]:
    reading = read_docx(data, "a.docx", LIMITS)
    return [(b.headings, reading.text[b.start : b.end].strip("\n")) for b in reading.blocks]


def title(data: bytes) -> str | None:
    return read_docx(data, "a.docx", LIMITS).title


def fails(data: bytes, limits: IngestSettings = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        read_docx(data, "a.docx", limits)
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_styles_in_both_languages_are_headings() -> None:
    data = make_docx(
        paragraph("论语", "1"), paragraph("学而", "2"), paragraph("子曰：“学而时习之。”"),
        paragraph("为政", "2"), paragraph("其一", "7"), paragraph("为政以德。"),
    )  # fmt: skip
    assert parts(data) == [
        (("论语", "学而"), "子曰：“学而时习之。”"),
        (("论语", "为政", "其一"), "为政以德。"),
    ]


def test_line_breaks_are_kept() -> None:
    assert parts(make_docx("<w:p><w:r><w:t>岱宗</w:t><w:br/><w:t>夫如何</w:t></w:r></w:p>")) == [
        ((), "岱宗\n夫如何")
    ]


def test_titles() -> None:
    text = paragraph("孔庙在曲阜。")
    assert title(make_docx(text)) is None
    assert title(make_docx(paragraph("孔庙", "1"), text)) == "孔庙"
    assert title(make_docx(text, paragraph("历史", "1"), text)) is None
    assert title(make_docx(paragraph("孔庙", "1"), text, title="三孔")) == "三孔"
    assert title(make_docx(text, title="Microsoft Word - 1.doc")) is None
    styled = make_docx(paragraph("曲阜孔庙", "t"), paragraph("历史", "1"), text, title="三孔")
    assert title(styled) == "曲阜孔庙"
    assert parts(styled) == [(("历史",), "孔庙在曲阜。")]
    assert title(make_docx(paragraph("曲阜孔庙", "b"), text)) == "曲阜孔庙"


def test_notes_stand_at_the_end() -> None:
    mark = '<w:p><w:r><w:t>孔子</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:t>名丘。</w:t></w:r></w:p>'
    note = f'<w:footnote w:id="1">{paragraph("见《史记》。")}</w:footnote>'
    assert parts(make_docx(paragraph("生平", "1"), mark, notes=note)) == [
        (("生平",), "孔子名丘。"),
        (("注释",), "见《史记》。"),
    ]


def test_rows_of_tables() -> None:
    merged = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>' + paragraph("济宁")
    more = "<w:tcPr><w:vMerge/></w:tcPr>" + paragraph("")
    table = "<w:tbl>" + "".join(
        [
            row(paragraph("市"), paragraph("名称"), head=True),
            row(merged, paragraph("孔庙")),
            row(more, paragraph("孔林")),
        ]
    )
    assert parts(make_docx(table + "</w:tbl>")) == [
        ((), "市：济宁；名称：孔庙。"),
        ((), "市：济宁；名称：孔林。"),
    ]


def test_pictures_go() -> None:
    drawing = (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        '<wp:docPr descr="图"/><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData>'
        '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill>'
        f'<a:blip r:embed="none" xmlns:r="{OFFICE}"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing><w:t>孔庙</w:t></w:r></w:p>"
    )
    linked = links(styles="styles.xml", none="media/none.png")
    more: dict[str, str | bytes] = {
        "word/_rels/document.xml.rels": linked,
        "word/media/none.png": b"no picture",
    }
    assert parts(make_docx(drawing, more=more)) == [((), "孔庙")]


def test_what_is_no_docx() -> None:
    assert "without password" in fails(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    assert "is not a whole DOCX" in fails(b"")
    assert "is not a whole DOCX" in fails("孔庙".encode() * 99)
    assert "is not a whole DOCX" in fails(make_docx(paragraph("孔庙"))[:-200])
    assert "is not a whole DOCX" in fails(make_docx("<w:p>"))
    assert "is a PPTX and not a DOCX" in fails(other("ppt/presentation.xml"))
    assert "another kind of zip" in fails(other("孔庙.txt"))


def other(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "<a/>")
    return file.getvalue()


def test_entities_are_refused_in_every_encoding() -> None:
    bomb = f'<!DOCTYPE a [<!ENTITY a "山">]><w:document {W}><w:body>&a;</w:body></w:document>'
    for data in (bomb.encode(), f'<?xml version="1.0" encoding="utf-16"?>{bomb}'.encode("utf-16")):
        assert "declares entities" in fails(make_docx(more={"word/document.xml": data}))


def test_bombs() -> None:
    limits = IngestSettings(max_expanded_bytes=100_000)
    assert "expands to over" in fails(make_docx(paragraph(" " * 100_000)), limits)
    assert "is not a whole DOCX (RecursionError)" in fails(make_docx("<w:smartTag>" * 2000 + "</w:smartTag>" * 2000))  # fmt: skip


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_damage_is_an_error_at_worst(seed: int, spots: int) -> None:
    chance = random.Random(seed)
    xml = bytearray(WHOLE)
    for _ in range(spots):
        xml[chance.randrange(len(xml))] = chance.choice(b'<>/"=& a1')
    try:
        reading = read_docx(make_docx(more={"word/document.xml": bytes(xml)}), "a.docx", LIMITS)
    except DocumentError as error:
        assert error.source == "a.docx"
        assert "\n" not in error.reason
    else:
        assert all(0 <= b.start < b.end <= len(reading.text) for b in reading.blocks)


WHOLE = (
    f"<w:document {W}><w:body>{paragraph('论语', '1')}{paragraph('子曰。')}"
    f"<w:tbl>{row(paragraph('市'), paragraph('济宁'))}</w:tbl></w:body></w:document>"
).encode()
