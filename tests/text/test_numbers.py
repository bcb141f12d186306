"""Numbers: the same number, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qilu_rag.text.numbers import chinese_number, numbers_in

NUMBERS = st.integers(0, 10**9)
FULL_WIDTH = str.maketrans("0123456789,.", "０１２３４５６７８９，．")


def in_chinese(number: int) -> str:
    """The standard reading: 10500 is 一万零五百."""
    if number == 0:
        return "零"
    text = ""
    for size, group in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, number = divmod(number, size)
        if part:
            gap = "零" if text and (part < 1000) else ""
            text += gap + below_ten_thousand(part) + group
    return text.removeprefix("一") if text.startswith("一十") else text


def below_ten_thousand(number: int) -> str:
    text = ""
    gap = False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            text += ("零" if gap and text else "") + "零一二三四五六七八九"[digit] + unit
        gap = not digit
    return text


def test_the_reference_itself() -> None:
    readings = {10: "十", 12: "十二", 110: "一百一十", 105: "一百零五", 1005: "一千零五", 10500: "一万零五百"}  # fmt: skip
    readings |= {120_000_000: "一亿二千万", 100_000_001: "一亿零一", 100_030_000: "一亿零三万"}
    assert {number: in_chinese(number) for number in readings} == readings


@given(NUMBERS)
@example(10**9)
@example(120_000_000)
@example(100_030_000)
@example(10)
def test_all_notations_agree(number: int) -> None:
    plain = {str(number)}
    assert numbers_in(str(number)) == plain
    assert numbers_in(f"{number:,}") == plain
    assert numbers_in(f"{number:,}".translate(FULL_WIDTH)) == plain
    assert numbers_in(str(number).translate(FULL_WIDTH)) == plain
    assert chinese_number(in_chinese(number)) == number
    # A lone 一 is a determiner more often than a number.
    assert numbers_in(f"共{in_chinese(number)}座") == (plain if number != 1 else set())


@given(NUMBERS)
def test_digit_by_digit(number: int) -> None:
    for digits in ("〇一二三四五六七八九", "零一二三四五六七八九"):
        spoken = str(number).translate(str.maketrans("0123456789", digits))
        assert numbers_in(spoken) == ({str(number)} if number != 1 else set())


@given(st.integers(0, 9999), st.integers(1, 99))
def test_decimals(whole: int, part: int) -> None:
    written = f"{whole}.{part:02d}"
    assert numbers_in(written) == numbers_in(f"{written}00") == {written.rstrip("0")}
    assert numbers_in(written.translate(FULL_WIDTH)) == {written.rstrip("0")}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", set()),
        ("孔子名丘", set()),
        ("泰山海拔1532.7米。", {"1532.7"}),
        ("占地约14公顷，共460余间", {"14", "460"}),
        ("面积2.6万平方米", {"2.6", "26000"}),
        ("人口3亿", {"3", "300000000"}),
        ("弟子三千，贤者七十二人", {"3000", "72"}),
        ("两百零二", {"202"}),
        ("四万万同胞", {"400000000"}),
        ("一九九四年", {"1994"}),
        ("公元前551年—公元前479年", {"551", "479"}),
        ("1987，100级", {"1987", "100"}),
        ("1987,100", {"1987", "100"}),
        ("1,800 and 18,00", {"1800", "18", "0"}),
        ("Twelve bells, three drums", {"12", "3"}),
        ("seventeenth", set()),
        ("007", {"7"}),
        ("2.0", {"2"}),
    ],
)
def test_in_a_text(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    "text", ["9" * 500, "9" * 500 + "万", "九" * 5000, "亿" * 5000, "1." * 300]
)
def test_endless_numbers_are_no_trouble(text: str) -> None:
    assert numbers_in(text)


@given(st.text("0123456789,.，．〇零一二两十百千万亿个ab ", max_size=40))
def test_whatever_is_written(text: str) -> None:
    for number in numbers_in(text):
        assert numbers_in(number) == {number}
