"""EPUB: chapters in the order of the spine, under what the book itself calls them."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.epub import read_epub
from qilu_rag.ingest.reading import Reading

LIMITS = IngestSettings()
CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
NAV = '<nav epub:type="{kind}"><ol>{links}</ol></nav>'


def page(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title/></head><body>{body}</body></html>"
    )


def nav(**targets: str) -> str:
    links = "".join(
        f'<li><a href="{name}.xhtml#x">{label}</a></li>' for name, label in targets.items()
    )
    landmarks = NAV.format(kind="landmarks", links='<li><a href="one.xhtml">正文</a></li>')
    return page(landmarks + NAV.format(kind="toc", links=links))


def ncx(**targets: str) -> str:
    points = "".join(
        f"<navPoint><navLabel><text>{label}</text></navLabel><content src='{name}.xhtml'/></navPoint>"
        for name, label in targets.items()
    )
    return f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def opf(names: list[str], spine: list[str], extra: str = "") -> str:
    kinds = {"ncx": "application/x-dtbncx+xml", "png": "image/png"}
    items = "".join(
        f"<item id='{name}' href='{name}' properties='{name.split('.')[0]}' "
        f"media-type='{kinds.get(name[-3:], 'application/xhtml+xml')}'/>"
        for name in names
    )
    order = "".join(f'<itemref idref="{name}"/>' for name in spine)
    return (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title> 论语\n今读 </dc:title></metadata><manifest>{items}</manifest><spine>{order}</spine>{extra}</package>"
    )


def make_epub(
    *spine: str, extra: str = "", more: dict[str, str | bytes] | None = None, **pages: str
) -> bytes:
    """A book; `spine` gives the order of the pages, else it is that of the arguments."""
    files = {f"{name}.{'ncx' if name == 'toc' else 'xhtml'}": text for name, text in pages.items()}
    order = [f"{name}.xhtml" for name in spine or pages if name != "toc"]
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": opf(list(files), order, extra),
        **{f"OEBPS/{name}": text for name, text in files.items()},
        **(more or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def read(data: bytes) -> Reading:
    return read_epub(data, "a.epub", LIMITS)


def parts(data: bytes) -> list[tuple[tuple[str, ...], str]]:
    reading = read(data)
    return [(b.headings, reading.text[b.start : b.end].strip("\n")) for b in reading.blocks]


def fails(data: bytes, limits: IngestSettings = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        read_epub(data, "a.epub", limits)
    assert "\n" not in caught.value.reason
    return caught.value.reason


ONE = page("<h1>学而第一</h1><p>子曰：“学而时习之。”</p>")
TWO = page("<p>为政以德。</p>")


def test_the_order_is_that_of_the_spine() -> None:
    data = make_epub("two", "one", "two", one=ONE, two=TWO)
    assert parts(data) == [((), "为政以德。"), (("学而第一",), "子曰：“学而时习之。”")]
    assert read(data).title == "论语 今读"


@pytest.mark.parametrize("contents", ["nav", "toc"])
def test_chapters_without_a_heading_take_that_of_the_contents(contents: str) -> None:
    made = (nav if contents == "nav" else ncx)(one="学而", two="为政第二")
    pages = {"one": ONE, "two": TWO, "three": page("<p>譬如北辰。</p>"), contents: made}
    data = make_epub("one", "two", "three", **pages)  # type: ignore[arg-type]  # pages alone
    assert parts(data) == [
        (("学而第一",), "子曰：“学而时习之。”"),
        (("为政第二",), "为政以德。\n譬如北辰。"),
    ]


def test_an_empty_list_of_contents_does_not_hide_the_older_one() -> None:
    assert parts(make_epub(two=TWO, nav=nav(), toc=ncx(two="为政"))) == [(("为政",), "为政以德。")]


def test_a_part_of_the_book_stands_above_its_chapters() -> None:
    data = make_epub(one=page("<p>总说。</p>"), two=ONE, nav=nav(one="上编"))
    assert parts(data) == [(("上编",), "总说。"), (("上编", "学而第一"), "子曰：“学而时习之。”")]


def test_cover_and_contents_are_passed_over() -> None:
    guide = '<guide><reference type="cover" href="front.xhtml"/><reference type="toc" href="list.xhtml"/></guide>'
    data = make_epub(
        front=page("<p>封面</p>"),
        list=page("<p>目录</p>"),
        nav=nav(one="学而"),
        one=ONE,
        extra=guide,
    )
    assert parts(data) == [(("学而第一",), "子曰：“学而时习之。”")]


def test_notes_and_numbers_of_pages() -> None:
    body = "<p>学<span epub:type='pagebreak'>12</span>而<a epub:type='noteref' href='n.xhtml#a'>1</a>时习之</p><aside>注文</aside>"
    assert parts(make_epub(one=page(body))) == [((), "学而时习之\n注文")]


def test_a_locked_book() -> None:
    def encryption(algorithm: str, name: str) -> dict[str, str | bytes]:
        return {
            "META-INF/encryption.xml": (
                '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
                f'<e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData><e:CipherReference URI="{name}"/>'
                "</e:CipherData></e:EncryptedData></encryption>"
            )
        }

    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    assert "locked by DRM" in fails(make_epub(one=ONE, more=encryption(aes, "OEBPS/one.xhtml")))
    assert parts(make_epub(one=ONE, more=encryption(aes, "OEBPS/font.otf")))
    fonts = encryption("http://www.idpf.org/2008/embedding", "OEBPS/one.xhtml")
    assert parts(make_epub(one=ONE, more=fonts))


def test_what_is_no_epub() -> None:
    whole = make_epub(one=ONE)
    assert "is not a whole EPUB" in fails(b"")
    assert "is not a whole zip" in fails(whole[:-40])
    assert "lacks its part 'OEBPS/two.xhtml'" in fails(
        make_epub(more={"OEBPS/book.opf": opf(["two.xhtml"], ["two.xhtml"])})
    )
    assert "'META-INF/container.xml' is damaged" in fails(
        make_epub(one=ONE, more={"META-INF/container.xml": "<a"})
    )
    assert "lacks" in fails(make_epub(one=ONE, more={"META-INF/container.xml": "<a/>"}))
    assert "expands to over" in fails(whole, IngestSettings(max_expanded_bytes=100))
    assert read(make_epub(more={"OEBPS/book.opf": opf([], [])})).text == ""


def test_entities_do_not_expand() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "山">]><package>&a;</package>'
    assert "is damaged (EntitiesForbidden)" in fails(make_epub(more={"OEBPS/book.opf": bomb}))


@given(st.integers(0, 2**32), st.integers(1, 9), st.sampled_from(["OEBPS/book.opf", "OEBPS/nav.xhtml", "OEBPS/one.xhtml"]))  # fmt: skip
def test_damage_is_an_error_at_worst(seed: int, spots: int, name: str) -> None:
    chance = random.Random(seed)
    pages = {"one": ONE, "nav": nav(one="学而")}
    names = [f"{key}.xhtml" for key in pages]
    whole = {
        "OEBPS/book.opf": opf(names, names),
        **{f"OEBPS/{k}.xhtml": v for k, v in pages.items()},
    }
    data = bytearray(whole[name].encode())
    for _ in range(spots):
        data[chance.randrange(len(data))] = chance.choice(b'<>/"=&# a1')
    try:
        reading = read(make_epub(**pages, more={name: bytes(data)}))
    except DocumentError as error:
        assert error.source == "a.epub"
        assert "\n" not in error.reason
    else:
        assert all(0 <= b.start < b.end <= len(reading.text) for b in reading.blocks)
