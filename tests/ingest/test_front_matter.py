"""Front matter: every wrong thing gets one sentence that names the file and the key."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qilu_rag.errors import DocumentError
from qilu_rag.ingest.front_matter import (
    entry_from_json,
    entry_to_json,
    make_entry,
    read_yaml,
    split_front_matter,
)
from qilu_rag.types import Designation, Entry, Era, Place, Relation, Review, Source

FILE = "corpus/x.md"
TAGS = st.sampled_from(["!!int", "!!float", "!!bool", "!!timestamp", "!!binary", "!!set", "!!omap"])
YAML_ISH = st.lists(
    st.sampled_from(["id: a\n", "title: b\n", "era: {from: 0}\n", "- ", "? ", ": ", "{", "[", "&a ",
                     "*a ", "'", '"\\ud800"', "<<: ", "!!int ", "!!bool x\n", "!!float ''\n", "2020-13-45\n",
                     "---\n", "...\n", "\n", "  ", "x", "#", "|", "era:\n  ", "aliases: ", "place: "]),
    max_size=12,
).map("".join)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def load(text: str) -> Entry:
    fields, _ = split_front_matter(text, FILE)
    assert fields is not None
    return make_entry(fields, FILE)


def fails(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        load(text)
    message = str(caught.value)
    assert message.startswith(f"{FILE}: ")
    return message


def test_a_whole_entry() -> None:
    entry = load(
        """---
id: taishan
title: 泰山
title_en: Mount Tai
category: landscapes
kind: site
aliases: [岱宗, 东岳]
place: {city: 泰安, county: 泰山区, lon: 117.1, lat: 36.26}
era: {text: 秦以来, from: -219, to: 1911}
designations:
  - {list: 世界遗产, batch: 11, year: 1987}
relations:
  - {type: located_in, to: taian}
sources:
  - {id: s1, kind: classic, cite: 《史记·封禅书》}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: checked}
---
正文。
"""
    )
    assert entry == Entry(
        id="taishan",
        title="泰山",
        title_en="Mount Tai",
        category="landscapes",
        kind="site",
        aliases=("岱宗", "东岳"),
        place=Place(city="泰安", county="泰山区", lon=117.1, lat=36.26),
        era=Era(text="秦以来", start=-219, end=1911),
        designations=(Designation(list="世界遗产", batch=11, year=1987),),
        relations=(Relation(type="located_in", to="taian"),),
        sources=(Source(id="s1", kind="classic", cite="《史记·封禅书》"),),
        licence="CC-BY-4.0",
        origin="machine-drafted",
        review=Review(state="checked"),
    )
    assert entry_from_json(entry_to_json(entry)) == entry


def test_the_body_is_what_follows() -> None:
    assert split_front_matter("---\nid: a\n---\n正文\n---\n尾", FILE) == (
        {"id": "a"},
        "正文\n---\n尾",
    )
    assert split_front_matter("没有\n---\nid: a\n---\n", FILE) == (None, "没有\n---\nid: a\n---\n")
    assert split_front_matter("---\n一条横线之后的正文", FILE) == (None, "---\n一条横线之后的正文")


GOOD = "id: a\ntitle: b\n"


@pytest.mark.parametrize(
    ("front", "parts"),
    [
        (GOOD + "colour: red\n", ["colour", "not known"]),
        (GOOD + "place: {town: x}\n", ["place.town", "not known"]),
        (GOOD + "era: {start: -551}\n", ["era.start", "not known"]),
        (GOOD + "era: {from: 1, end: 2}\n", ["era.end", "not known"]),
        (GOOD + "relations: [{type: friend_of, to: b}]\n", ["relations.0.type", "wrong"]),
        (GOOD + "category: food\n", ["category", "wrong"]),
        (GOOD + "aliases: 岱宗\n", ["aliases", "wrong"]),
        (GOOD + "aliases: [1]\n", ["aliases.0", "wrong"]),
        (GOOD + "era: {from: 春秋}\n", ["era.start", "wrong"]),
        (GOOD + "era: [1]\n", ["era", "wrong"]),
        (GOOD + "place: {lon: east}\n", ["place.lon", "wrong"]),
        (GOOD + "1: 2\n", ["key 1", "wrong"]),
        ("title: b\n", ["id", "missing"]),
        ("id: a\n", ["title", "missing"]),
        ("id: 7\ntitle: b\n", ["id", "wrong"]),
        ("id: ' '\ntitle: b\n", ["id", "1 to 200"]),
        ('id: "a\\u0007"\ntitle: b\n', ["id", "printable"]),
        (f"id: a\ntitle: {'长' * 201}\n", ["title", "1 to 200"]),
        (GOOD + 'aliases: ["\\ud800"]\n', ["aliases", "half of a character"]),
        (GOOD + "era: {from: 0}\n", ["era", "year 0", "-1"]),
        (GOOD + "era: {from: -5, to: 0}\n", ["era", "year 0"]),
        ("- id: a\n", ["mapping"]),
        ("nur Text\n", ["mapping"]),
        ("id: [a\n", ["not valid YAML", "line 3"]),
        ("id: !!python/object/apply:os.getcwd []\ntitle: b\n", ["not valid YAML"]),
        ("id: !!int ''\n", ["not valid YAML"]),
        ("id: !!bool maybe\n", ["not valid YAML"]),
        ("id: !!timestamp never\n", ["not valid YAML"]),
        ("id: 2020-13-45\n", ["not valid YAML"]),
        ("[" * 5000 + "\n", ["not valid YAML"]),
        (GOOD + f"licence: {'x' * 65536}\n", ["65536 characters"]),
    ],
)
def test_what_is_wrong_is_named(front: str, parts: list[str]) -> None:
    message = fails(f"---\n{front}---\nText")
    assert all(part in message for part in parts), message
    assert "\n" not in message.strip() or "YAML" in message


def test_each_wrong_key_is_named() -> None:
    message = fails("---\nid: 7\ncolour: red\n---\n")
    assert all(part in message for part in ("key id", "key colour", "key title"))


def test_yaml_bombs_are_refused() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    bomb = "\n".join(["l0: &l0 [x, x]", *levels])
    assert "aliases (*name) are not allowed" in fails(f"---\n{bomb}\n---\n")


def test_an_open_fence_is_noticed() -> None:
    assert "never closed" in fails("---\nid: a\ntitle: b\n\n正文。\n")


@given(YAML_ISH | st.text(max_size=60), st.booleans())
@example("era: {1: 2}\n", True)
@example('"\\ud800": 1\n', True)
@example("a: 1:99:99999999999999999999999999999\n", True)
@example("a: 0001-01-01 00:00:00 +23:59\n", True)
def test_hostile_text_is_an_error_at_worst(text: str, fenced: bool) -> None:
    try:
        fields, body = split_front_matter(f"---\n{text}\n---\n" if fenced else text, FILE)
        assert isinstance(body, str)
        entry = make_entry(fields or {}, FILE)
    except DocumentError as error:
        str(error).encode()  # it must be possible to show and to store
    else:
        assert entry_from_json(entry_to_json(entry)) == entry


@given(TAGS, st.text(max_size=12))
def test_values_that_do_not_fit_their_tag(tag: str, value: str) -> None:
    try:
        assert isinstance(read_yaml(f"a: {tag} {value!r}", FILE), dict)
    except DocumentError as error:
        assert str(error).startswith(FILE)


@given(
    st.dictionaries(
        st.sampled_from(["id", "title", "era", "place", "aliases", "sources", "review", "kind"])
        | st.text(st.characters(), max_size=4),
        VALUES,
        max_size=6,
    )
)
def test_hostile_values_are_an_error_at_worst(fields: dict[str, Any]) -> None:
    try:
        entry = make_entry({"id": "a", "title": "b", **fields}, FILE)
    except DocumentError as error:
        str(error).encode()
    else:
        assert entry.id
        assert entry.title
