"""Sentences: spans that lose nothing, quotations whole, and a boundary that holds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qilu_rag.text.sentences import complete_until, sentence_spans, split_sentences

MARKS = "齐鲁之的，、；：。！？!?….,;:“”‘’「」『』《》（）()【】\"' \t\n\r\u2028\u3000aBc.Dr1"
TEXTS = st.text(st.sampled_from(MARKS), max_size=60) | st.text(max_size=40)
BRACKETS = "“”‘’「」『』《》（）()【】"
ONE_LINE = "".join(char for char in MARKS if char not in "\n\r\u2028")
PLAIN = "".join(char for char in ONE_LINE if char not in BRACKETS)
NO_QUOTE = "".join(char for char in ONE_LINE if char not in "“”")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" \n\u3000\n", []),
        ("泰山在山东。泰山很高！谁知道？", ["泰山在山东。", "泰山很高！", "谁知道？"]),
        ("没有句号", ["没有句号"]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("子曰：“学而时习之。不亦说乎？”有子曰。", ["子曰：“学而时习之。不亦说乎？”", "有子曰。"]),
        ("他说：“好。”的确如此。", ["他说：“好。”的确如此。"]),
        ("他说：“好。”，然后走了。", ["他说：“好。”，然后走了。"]),
        ("见《论语。学而》篇。完。", ["见《论语。学而》篇。", "完。"]),
        ("外（内一。内二。）尾。", ["外（内一。内二。）尾。"]),
        ("“外‘内。’外。”后。", ["“外‘内。’外。”", "后。"]),
        ("真的吗？！当然……好。", ["真的吗？！", "当然……", "好。"]),
        ("没有关的“引号。第二句。", ["没有关的“引号。", "第二句。"]),
        ("没有开的”引号。第二句。", ["没有开的”引号。", "第二句。"]),
        ("Mt. Tai is 1532.7 m high. It is old.", ["Mt. Tai is 1532.7 m high.", "It is old."]),
        ("See J. Legge, e.g. his Analects. Done.", ["See J. Legge, e.g. his Analects.", "Done."]),
    ],
)
def test_examples(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(TEXTS)
def test_spans_are_in_order_and_lose_nothing(text: str) -> None:
    at = 0
    for start, end in sentence_spans(text):
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end].strip() == text[start:end]
        at = end
    assert not text[at:].strip()


@given(
    st.text(st.sampled_from(NO_QUOTE), max_size=20),
    st.text(st.sampled_from(PLAIN), max_size=20),
    st.text(st.sampled_from(NO_QUOTE), max_size=20),
)
@example("他说", "好。坏！真？", "。")
@example("他（说", "好。", "）。")
def test_a_balanced_quotation_is_never_cut(before: str, inside: str, after: str) -> None:
    text = f"{before}“{inside}”{after}"
    first, last = len(before), len(before) + len(inside) + 2
    assert any(start <= first and last <= end for start, end in sentence_spans(text))


@given(TEXTS, TEXTS)
@example("（a。b。c", "）")
@example("见《论语。》 ", "又")
@example("e.g. ", "x")
@example("好。", "”")
@example("“好。”", "的")
@example("“a。\n“b。c", "”")
def test_more_text_changes_nothing_before_the_boundary(text: str, more: str) -> None:
    boundary = complete_until(text)
    before = [span for span in sentence_spans(text) if span[0] < boundary]
    later = [span for span in sentence_spans(text + more) if span[0] < boundary]
    assert before == later
    assert boundary == (before[-1][1] if before else 0)


@given(TEXTS)
def test_reading_piece_by_piece_gives_the_same_sentences(text: str) -> None:
    found: list[str] = []
    done = 0
    for end in range(len(text) + 1):
        boundary = complete_until(text[:end])
        assert boundary >= done
        found += split_sentences(text[done:boundary])
        done = boundary
    assert found + split_sentences(text[done:]) == split_sentences(text)


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("", 0),
        ("泰山", 0),
        ("泰山。", 0),
        ("泰山。黄", 3),
        ("一。二。三", 4),
        ("“一。二。", 0),
        ("“一。”二", 4),
        ("标题\n正", 2),
        ("标题\n", 2),
        ("“一。\n二。三", 6),
        ("One. Two", 4),
        ("Mr. Li", 0),
    ],
)
def test_the_boundary_comes_as_soon_as_it_can(text: str, boundary: int) -> None:
    assert complete_until(text) == boundary
