"""Times: the span of years that a wording means."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.text.reigns import in_common_era, regnal_in, reigns
from qilu_rag.text.when import span_of


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1368..1644", (1368, 1644)),
        ("1644至1368", (1368, 1644)),
        ("-500..-400", (-500, -400)),
        ("1937", (1937, 1937)),
        ("明代", (1368, 1644)),
        ("明清", (1368, 1911)),
        ("春秋", (-770, -476)),
        ("现代", (1950, 9999)),
        ("萬曆三十年", (1602, 1602)),
        ("清康熙年间", (1662, 1722)),
        ("康熙", (1662, 1722)),
        ("民国三十七年", (1948, 1948)),
        ("公元前479年", (-479, -479)),
        ("鲁哀公十六年", (-479, -479)),
        ("鲁隐公元年", (-722, -722)),
        ("汉元封元年", (-110, -110)),
        ("元始5年", (5, 5)),
        ("大中祥符元年", (1008, 1008)),
        ("北魏太和元年", (477, 477)),
        ("元和十年", (815, 815)),
        ("20世纪30年代", (1930, 1939)),
        ("二十世纪", (1901, 2000)),
        ("公元前5世纪", (-500, -401)),
        ("从1937年到1945年", (1937, 1945)),
        ("太和元年", None),
        ("元至元二年", None),
        ("元至元十三年", (1276, 1276)),
        ("先天不足", None),
        ("万历六十年", None),
        ("泰山", None),
        ("0", None),
        ("", None),
    ],
)
def test_what_a_wording_means(text: str, span: tuple[int, int] | None) -> None:
    assert span_of(text) == span


@pytest.mark.parametrize(
    ("text", "dated"),
    [
        ("明弘治十七年重修", "1504年重修"),
        ("鲁哀公十六年去世", "公元前479年去世"),
        ("康熙年间和乾隆元年", "康熙年间和1736年"),
        ("太和元年，1504年", "太和元年，1504年"),
    ],
)
def test_regnal_years_in_the_common_era(text: str, dated: str) -> None:
    assert in_common_era(text) == dated


def test_reigns_are_in_order_and_skip_no_year_zero() -> None:
    for name, some in reigns().items():
        for reign in some:
            assert reign.start <= reign.end, name
            assert reign.start * reign.end > 0, name
            assert reign.dynasties, name
        assert all(before.start < after.start for before, after in pairwise(some)), name


@given(st.sampled_from(sorted(reigns())), st.integers(1, 60))
def test_a_year_of_a_reign_lies_in_it(name: str, year: int) -> None:
    for reign in reigns()[name]:
        for regnal in regnal_in(f"{reign.dynasties[-1]}{name}{year}年"):
            assert regnal.first == regnal.last
            assert any(one.start <= regnal.first <= one.end for one in reigns()[name])


@given(st.text(max_size=60))
def test_any_text_has_a_span_or_none(text: str) -> None:
    span = span_of(text)
    assert span is None or (span[0] <= span[1] and 0 not in span)
