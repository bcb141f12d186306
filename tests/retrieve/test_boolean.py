"""Boolean queries: read as written, or refused with the place and the mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import InputError
from qilu_rag.retrieve.boolean import All, Any, Node, Not, Term, Text, parse, wanted

WORDS = st.sampled_from(["孔子", "泰山", "qufu", "论语", "仁"])
TERMS = st.builds(Term, WORDS, st.booleans())
NODES = st.recursive(
    TERMS,
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(All, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(Any, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
TEXTS = st.builds(Text, *[st.lists(WORDS, max_size=3).map("，".join)] * 2)


def written(node: Node) -> str:
    """A query that means a node, every part in brackets."""
    match node:
        case Term():
            return ("title:" if node.of_title else "") + f'"{node.phrase}"'
        case Not():
            return f"NOT ({written(node.part)})"
        case All() | Any():
            sign = " AND " if isinstance(node, All) else " OR "
            return "(" + sign.join(f"({written(part)})" for part in node.parts) + ")"


@pytest.mark.parametrize(
    ("query", "text", "holds"),
    [
        ("孔子 泰山", "孔子登泰山", True),
        ("孔子 AND 泰山", "孔子在曲阜", False),
        ("孔子 OR 泰山", "孔子在曲阜", True),
        ("孔子 -泰山", "孔子登泰山", False),
        ("孔子 NOT 泰山", "孔子在曲阜", True),
        ("孔子 OR 泰山 曲阜", "孔子在邹城", True),
        ("(孔子 OR 泰山) 曲阜", "孔子在邹城", False),
        ("“登泰山”", "孔子登泰山", True),
        ("「登 泰山」", "孔子登泰山", False),
        ("孔廟", "曲阜孔庙", True),
        ("ＱＵＦＵ", "Qufu", True),
        ("title:孔庙 大成殿", "大成殿", True),
        ("篇名：孔林 大成殿", "大成殿", False),
        ("3-5", "第3-5页", True),
    ],
)
def test_what_a_query_means(query: str, text: str, holds: bool) -> None:
    from qilu_rag.text.fold import fold

    assert parse(query).holds(Text("曲阜孔庙", fold(text))) is holds


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "is empty"),
        ("(孔子", "a bracket is not closed"),
        ("孔子)", "character 3: this bracket closes nothing"),
        ("孔子 AND", "character 7: a word or a phrase is missing"),
        ("NOT", "is missing here"),
        ("“孔子", "character 1 is not closed"),
        ("孔子”", "open the quotation mark"),
        ('""', "a phrase is empty"),
        ("title:", "is missing here"),
        ("(" * 60 + "孔" + ")" * 60, "nests deeper than 20"),
        ("NOT " * 60 + "孔", "nests deeper than 20"),
        ("孔" * 501, "over the limit of 500"),
    ],
)
def test_what_is_refused(query: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(query)


@given(NODES, TEXTS)
def test_a_written_node_means_what_it_meant(node: Node, text: Text) -> None:
    assert parse(written(node)).holds(text) == node.holds(text)


@given(st.text(max_size=120) | st.text(alphabet='()"“” -ANDORT孔', max_size=60))
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        node = parse(query)
    except InputError:
        return
    assert node.holds(Text("", "")) in {True, False}


def test_what_is_excluded_is_not_wanted() -> None:
    assert wanted(parse("孔子 (泰山 OR NOT 曲阜) -邹城")) == ["孔子", "泰山"]
