"""HTML: the article is kept, the site around it goes, and no page does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.html import read_html
from qilu_rag.ingest.reading import Reading

LIMITS = IngestSettings()
BOMB = (
    '<!DOCTYPE html [<!ENTITY a "泰山泰山">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ) + "]><p>&i;</p>"
)  # fmt: skip


def read(page: str | bytes) -> Reading:
    return read_html(page.encode() if isinstance(page, str) else page, "a.html", LIMITS)


def parts(page: str | bytes) -> list[tuple[tuple[str, ...], str]]:
    reading = read(page)
    return [(b.headings, reading.text[b.start : b.end].strip("\n")) for b in reading.blocks]


def lines(page: str | bytes) -> list[str]:
    return read(page).text.splitlines()


def fails(page: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(page)
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_headings_are_paths() -> None:
    page = (
        "<h1>孔庙</h1><p>在曲阜。</p><h2>历史</h2><div>前478年立庙。</div><h2>建筑</h2><p>大成殿。"
    )
    assert parts(page) == [
        (("孔庙",), "在曲阜。"),
        (("孔庙", "历史"), "前478年立庙。"),
        (("孔庙", "建筑"), "大成殿。"),
    ]


def test_a_heading_with_nothing_below_it_is_text() -> None:
    page = "<h1>名录</h1><h2>孔庙</h2><h2>孔林</h2><p>墓地。</p><h2>孔府</h2>"
    assert parts(page) == [
        (("名录",), "孔庙"),
        (("名录", "孔林"), "墓地。"),
        (("名录",), "孔府"),
    ]


def test_a_heading_that_is_a_paragraph_is_text() -> None:
    long = "孔子名丘，字仲尼。" * 9
    assert parts(f"<h2>{long}</h2><p>鲁国人。") == [((), f"{long}\n鲁国人。")]


def test_blocks_are_lines_and_what_stands_in_a_line_is_none() -> None:
    page = "<ul><li>泰<b>山</b><ul><li>岱庙</ul><li>孔<a href='x'>庙</a></ul><blockquote>学而时习之</blockquote>不亦说乎"
    assert lines(page) == ["泰山", "岱庙", "孔庙", "学而时习之", "不亦说乎"]


def test_white_space_is_as_a_browser_shows_it() -> None:
    page = "<p>\n  泰山在\n  山东。 It is\n  1532.7&nbsp;m \t high.\u3000</p><p>&nbsp;</p><p>王\u3000勃"
    assert lines(page) == ["泰山在山东。 It is 1532.7 m high.", "王\u3000勃"]


def test_lines_of_a_poem_are_kept() -> None:
    verses = ["岱宗夫如何？", "齐鲁青未了。", "", "造化钟神秀，", "阴阳割昏晓。"]
    assert lines("<p>" + "<br/>\n".join(verses) + "</p>") == verses
    assert lines("<pre>\r\n" + "\r\n".join(verses) + "</pre>") == verses


@pytest.mark.parametrize(
    "gone",
    [
        "<script>var a = '<p>无</p>';</script>",
        "<style>p { color: red }</style>",
        "<nav><a href='/'>首页</a></nav>",
        "<ul role='navigation'><li>首页</ul>",
        "<!-- 无 -->",
        "<?php echo 1 ?>",
        "<form><input name=q><span>站内</span><button>搜索</button></form>",
        "<label>姓名</label><select><option>无</select><textarea>无</textarea>",
        "<div hidden>无</div>",
        "<div style='color: red; display : none'>无</div>",
        "<div aria-hidden='true'>无</div>",
        "<footer><p>版权所有</p></footer>",
        "<template><p>无</p></template><noscript>请启用脚本</noscript>",
        "<svg><text>无</text></svg><iframe>无</iframe>",
        "<a href='#n1'>[1]</a><sup><a href='x.html#n2'>〔二〕</a></sup>",
        "<span epub:type='pagebreak'>12</span>",
    ],
)
def test_what_is_not_the_text_goes(gone: str) -> None:
    assert lines(f"<p>孔子</p>{gone}<p>孟子</p>") == ["孔子", "孟子"]


def test_a_form_around_the_page_is_none() -> None:
    assert lines("<form id=aspnetForm><input><div><p>正文。</p></div></form>") == ["正文。"]


def test_only_the_article_where_it_is_marked() -> None:
    page = "<div>相关新闻</div><main><header><h1>岱庙</h1></header><p>岱庙在泰安城中。</p></main>"
    assert parts(page) == [(("岱庙",), "岱庙在泰安城中。")]
    # A mark around a small part of the text marks something else.
    assert lines("<article>摘要</article><p>岱庙在泰安城中。") == ["摘要", "岱庙在泰安城中。"]


def test_readings_of_characters_go() -> None:
    page = "<ruby>郯<rp>(</rp><rt>tán</rt><rp>)</rp></ruby><ruby>城<rt>chéng</ruby>县"
    assert lines(page) == ["郯城县"]


def test_rows_of_tables_are_passages() -> None:
    page = (
        "<h1>名录</h1><table><caption>第一批</caption><thead><tr><th>市<th>名称</thead>"
        "<tr><td rowspan=2>济宁<td>孔<br>庙<tr><td>孔林。</table><p>完。"
    )
    assert parts(page) == [
        (("名录", "第一批"), "市：济宁；名称：孔 庙。"),
        (("名录", "第一批"), "市：济宁；名称：孔林。"),
        (("名录",), "完。"),
    ]


def test_bold_cells_are_heads() -> None:
    page = "<table><tr><td><b>名称</b><td><p><strong>市</strong></p><tr><td>孔庙<td>曲<b>阜</b></table>"
    assert lines(page) == ["名称：孔庙；市：曲阜。"]


def test_a_table_that_lays_out_a_page_is_none() -> None:
    page = "<table><tr><td>甲<table><tr><th>市<td>泰安<tr><th>山<td>泰山</table><td>乙</table>"
    assert lines(page) == ["甲", "市：泰安。", "山：泰山。", "乙"]
    assert lines("<table><tr><td><h1>题</h1><p>文</p></table>") == ["文"]
    assert lines("<table><tr><td>一行<tr><td>又一行</table>") == ["一行", "又一行"]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>孔庙_曲阜市政府网</title><h1>曲阜市</h1><h1>孔庙</h1>", "曲阜市"),
        ("<title>孔庙 - 山东文化网</title><h1>欢迎</h1><h1>孔庙</h1>", "孔庙"),
        ("<title>孔庙 - 网</title><meta property='og:title' content=' 孔庙 '><h1>站</h1>", "孔庙"),
        ("<title>孔\n庙</title>", "孔庙"),
        ("<h1>孔<br>庙</h1>", "孔 庙"),
        ("<meta property='og:title'><title> </title><p>孔庙", None),
    ],
)
def test_titles(page: str, title: str | None) -> None:
    assert read(page).title == title


@pytest.mark.parametrize(
    ("label", "codec", "told"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("gb2312", "gb18030", "gb18030"),
        ("GBK", "gbk", "gb18030"),
        ("big5", "big5", "big5hkscs"),
        ("gbk", "utf-8", "utf-8"),
    ],
)
def test_encodings(label: str, codec: str, told: str) -> None:
    text = "孔子名丘，字仲尼，魯國人"
    text += "，镕" if codec == "gb18030" else ""  # which is not in GB 2312
    reading = read(f'<html><head><meta charset="{label}"></head><p>{text}</p>'.encode(codec))
    assert (reading.text, reading.encoding) == (f"{text}\n", told)


def test_a_mark_of_byte_order_comes_before_what_a_page_says() -> None:
    page = '<meta charset="gbk"><p>孔子'
    assert (read(page.encode("utf-16")).encoding, *lines(page.encode("utf-16"))) == (
        "utf-16",
        "孔子",
    )
    assert lines(page.encode("utf-8-sig")) == ["孔子"]


def test_xhtml() -> None:
    page = (
        '<?xml version="1.0" encoding="GBK"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "x">'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head>'
        '<body><a id="a"/><p>孔子&nbsp;曰</p></body></html>'
    )
    assert lines(page.encode("gbk")) == ["孔子 曰"]


def test_entities_do_not_expand() -> None:
    assert lines(BOMB) == ["&i;"]
    page = '<!DOCTYPE html [<!ENTITY f SYSTEM "file:///etc/passwd">]><p>&f;</p>'
    assert lines(page) == ["&f;"]


def test_too_deep_and_too_much() -> None:
    assert lines("<div>" * 200 + "孔子") == ["孔子"]
    assert "nested over 256 deep" in fails("<div>" * 300 + "孔子")
    assert "nested over 256 deep" in fails("<h1>" + "<b>" * 300 + "孔子")
    assert "over 500,000 tags" in fails("<b>" * 500_001)


@pytest.mark.parametrize(
    "page", ["", "a.html", "http://a.example/b", "<", "<p", "</p>", "&#0;&#xd800;"]
)
def test_odd_pages(page: str) -> None:
    assert read(page).title is None


TAGS = "p div h1 h2 h6 table tr td th thead caption ul li br pre ruby rt form a main article footer".split()
SOUP = st.lists(
    st.one_of(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
        st.sampled_from(
            ["<td colspan=0 rowspan=99999>", "<td colspan=abc>", "<!DOCTYPE x [", "]>", "<!--", "-->", "<?xml ", "<![CDATA[",
             "<p style='", "<a href='#1'>", "\u2028", "\u2029", "\n \n", "&nbsp;", "&#x2029;", "&#11;", "\x00", "<title>",
             "<script>", "</script>", "<meta charset=big5>", "<template>", "\u3000", "<a href>", "<p role epub:type class>"]
        ),
        st.text("泰山。\n 1", max_size=4),
        st.text(max_size=4),
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(SOUP)
def test_any_soup_can_be_read(page: str) -> None:
    try:
        reading = read(page.encode("utf-8", "replace"))
    except DocumentError as error:
        assert "is no text" in error.reason
        return
    end = 0
    for block in reading.blocks:
        assert end <= block.start < block.end <= len(reading.text)
        assert reading.text[block.start : block.end].strip()
        assert all(heading.strip() == heading != "" for heading in block.headings)
        end = block.end
    assert not set(reading.text) & set("\r\x00\x0b\u2028\u2029")


@given(st.lists(st.text("泰山岱庙孔林", min_size=1, max_size=9), max_size=9))
def test_every_paragraph_is_kept(texts: list[str]) -> None:
    assert lines("".join(f"<p>\n {text} </p>" for text in texts)) == texts
