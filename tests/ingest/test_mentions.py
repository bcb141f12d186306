"""Names in a text: entries, places and periods."""

from __future__ import annotations

from qilu_rag.ingest.mentions import Mentions
from qilu_rag.types import Entry

KONGMIAO = Entry(id="kongmiao", title="曲阜孔庙", title_en="Temple of Confucius", aliases=("孔庙",))
MENGZI = Entry(id="mengzi", title="孟子")
BOOK = Entry(id="mengzi-book", title="孟子（书）")
FINDER = Mentions([KONGMIAO, MENGZI, BOOK])


def found(text: str) -> list[tuple[str, int, tuple[str, ...], str | None, str | None]]:
    return [
        (
            some.name,
            some.start,
            tuple(entry.id for entry in some.entries),
            some.city,
            some.dynasty.name if some.dynasty else None,
        )
        for some in FINDER.find(text)
    ]


def test_the_longest_name_counts() -> None:
    assert found("曲阜孔庙在曲阜市，") == [
        ("曲阜孔庙", 0, ("kongmiao",), None, None),
        ("曲阜市", 5, (), "济宁", None),
    ]


def test_names_are_found_in_either_script_and_width() -> None:
    assert found("曲阜孔廟，濟寧，ＴＥＭＰＬＥ of confucius") == [
        ("曲阜孔庙", 0, ("kongmiao",), None, None),
        ("济宁", 5, (), "济宁", None),
        ("temple of confucius", 8, ("kongmiao",), None, None),
    ]


def test_what_follows_a_bracket_is_no_part_of_a_name() -> None:
    assert found("孟子") == [("孟子", 0, ("mengzi", "mengzi-book"), None, None)]


def test_a_latin_name_is_a_whole_word() -> None:
    assert found("temples of confucius; atemple of confucius; temple of confucius2") == []
    assert len(found("（temple of confucius）")) == 1


def test_a_period_is_named() -> None:
    assert found("万历年间") == [("万历", 0, (), None, "明")]
    assert found("") == []
