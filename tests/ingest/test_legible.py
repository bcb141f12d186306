"""Legibility: real text of every kind passes, what broken fonts make of it does not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import opencc
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.ingest.clean import clean_markdown
from qilu_rag.ingest.front_matter import split_front_matter
from qilu_rag.ingest.legible import legible
from qilu_rag.text.fold import is_cjk

ROOT = Path(__file__).parents[2]
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉文华建国志海燕春梅晓红淑珍永德福长庆宝"
INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s y w".split()
FINALS = "a ai āo àn áng ōng i ia iāo iù ian īn iáng ǐng u uo uì uan ùn uāng".split()
CLASSIC = (
    "鸡既鸣矣，朝既盈矣。匪鸡则鸣，苍蝇之声。东方明矣，朝既昌矣。匪东方则明，月出之光。虫飞薨薨，"
    "甘与子同梦。会且归矣，无庶予子憎。子之还兮，遭我乎狃之间兮。并驱从两肩兮，揖我谓我儇兮。"
    "子之茂兮，遭我乎狃之道兮。并驱从两牡兮，揖我谓我好兮。子之昌兮，遭我乎狃之阳兮。"
    "并驱从两狼兮，揖我谓我臧兮。"
)
LEVEL_1 = [bytes((row, cell)).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFF)]  # fmt: skip


def cut(text: str) -> list[str]:
    return [text[at : at + 200] for at in range(0, len(text) - 199, 200)]


def corpus() -> Iterator[str]:
    for path in sorted(ROOT.glob("corpus/[!d]*/*.md"))[::4]:
        _, body = split_front_matter(path.read_text("utf-8"), path.name)
        yield from cut(clean_markdown(body))


PIECES = list(corpus())
ENGLISH = cut((ROOT / "tools/leaflets/shandong-visitor-brochure.md").read_text("utf-8"))


def false_alarms(pieces: list[str]) -> float:
    assert len(pieces) >= 30
    return sum(not legible(piece) for piece in pieces) / len(pieces)


def test_the_corpus_is_legible() -> None:
    assert len(PIECES) > 500
    assert false_alarms(PIECES) < 0.001


def test_traditional_characters_and_characters_set_apart_are_legible() -> None:
    traditional = opencc.OpenCC("s2t")
    assert false_alarms([traditional.convert(piece) for piece in PIECES[::5]]) == 0
    assert false_alarms([" ".join(piece) for piece in PIECES[::5]]) == 0


def test_all_pages_of_the_leaflets_are_legible() -> None:
    for path in (ROOT / "corpus" / "documents").glob("*.pdf"):
        assert all(legible(page.extract_text()) for page in pypdf.PdfReader(path).pages), path


def lists(make: Callable[[random.Random], str], separator: str) -> list[str]:
    chance = random.Random(5)
    return cut(separator.join(make(chance) for _ in range(3000)))


@pytest.mark.parametrize("separator", ["、", "\n", " "])
def test_lists_of_names_are_legible(separator: str) -> None:
    def name(chance: random.Random) -> str:
        return chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.choice((1, 2))))

    assert false_alarms(lists(name, separator)) < 0.001


def test_pinyin_numbers_and_english_are_legible() -> None:
    assert false_alarms(lists(lambda c: c.choice(INITIALS) + c.choice(FINALS), " ")) == 0
    assert false_alarms(lists(lambda c: f"{c.random() * 10 ** c.randint(1, 6):,.2f}%", " ")) == 0
    assert false_alarms(ENGLISH) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 3 -",
        "第12页",
        CLASSIC,
        "\0".join(CLASSIC),
        CLASSIC.replace("，", "").replace("。", ""),
        "\uf0b7 孔庙\n\uf0b7 孔府\n\uf0b7 孔林\n",
        "UNESCO ISBN 978-7-5328-1234-5 GB/T 7714 CNKI CCTV",
        "Гора Тайшань находится в провинции Шаньдун. Ὄλυμπος и 泰山.",
        "जगत् का इतिहास और संस्कृति का वर्णन",
        "Les cités médiévales, où l'on élève des églises à Jésus, près de l'été.",
    ],
)
def test_what_else_is_legible(text: str) -> None:
    assert legible(text)


def swapped(piece: str, seed: int) -> str:
    """Chinese characters put for one another, as by a map for another font."""
    image = random.Random(seed).sample(LEVEL_1, len(LEVEL_1))
    return piece.translate(str.maketrans("".join(LEVEL_1), "".join(image)))


def shifted(piece: str, by: int) -> str:
    return "".join(chr(ord(char) + by) if is_cjk(char) else char for char in piece)


BREAKS: dict[str, Callable[[str], str]] = {
    "swapped": lambda piece: swapped(piece, len(piece) + ord(piece[0])),
    "swapped and set apart": lambda piece: " ".join(swapped(piece, ord(piece[1]))),
    "shifted by 1": lambda piece: shifted(piece, 1),
    "shifted by 29": lambda piece: shifted(piece, 29),
    "shifted back": lambda piece: shifted(piece, -3),
    "private use": lambda piece: shifted(piece, 0xE000 - 0x4E00)[:200],
    "GBK as cp1252": lambda piece: piece.encode("gbk", "replace").decode("cp1252", "replace"),
    "GBK as Latin-1": lambda piece: piece.encode("gbk", "replace").decode("latin-1"),
    "GBK as Big5": lambda piece: piece.encode("gbk", "replace").decode("big5", "replace"),
    "GBK as Shift-JIS": lambda piece: piece.encode("gbk", "replace").decode("cp932", "replace"),
    "UTF-8 as cp1252": lambda piece: piece.encode().decode("cp1252", "replace"),
    "glyph numbers": lambda piece: "".join(chr(1000 + (ord(char) - 0x4E00) // 3) if is_cjk(char) else char for char in piece),
    "cids": lambda piece: "".join(f"(cid:{ord(char)})" for char in piece),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_what_broken_fonts_make_of_chinese_is_caught(name: str) -> None:
    pieces = [BREAKS[name](piece) for piece in PIECES[::8]]
    assert false_alarms(pieces) > 0.99


def test_what_broken_fonts_make_of_english_is_caught() -> None:
    shifts = ["".join(chr(max(1, ord(char) - 29)) for char in piece) for piece in ENGLISH]
    assert false_alarms(shifts) == 1
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    swaps = str.maketrans(letters, letters[::-1])
    assert false_alarms([piece.lower().translate(swaps) for piece in ENGLISH]) == 1


def test_a_line_of_garbage_does_not_make_a_page_illegible() -> None:
    page = "".join(PIECES[:5])
    assert legible(page + swapped(PIECES[0], 1))
    assert not legible(page[:200] + swapped(page[200:], 1))


@given(st.text(st.characters()))
def test_no_text_makes_it_raise(text: str) -> None:
    assert legible(text) in (True, False)
