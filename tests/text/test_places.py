"""Cities and counties of the province."""

from __future__ import annotations

import pytest

from qilu_rag.text.places import cities, place_names


def test_there_are_sixteen_cities_with_bounds_in_degrees() -> None:
    assert len(cities()) == 16
    for west, south, east, north in cities().values():
        assert 114 < west < east < 123
        assert 34 < south < north < 39


@pytest.mark.parametrize(
    ("name", "city"),
    [
        ("济南", "济南"),
        ("济南市", "济南"),
        ("曲阜", "济宁"),
        ("曲阜市", "济宁"),
        ("莒县", "日照"),
        ("泰山区", "泰安"),
        ("东营", "东营"),
        ("台儿庄", "枣庄"),
        ("东昌府区", "聊城"),
    ],
)
def test_a_name_is_in_its_city(name: str, city: str) -> None:
    assert place_names()[name] == city


@pytest.mark.parametrize("name", ["市中区", "市中", "泰山", "牡丹", "平原", "莒", "曹", "山东"])
def test_what_means_several_or_something_else_is_no_place(name: str) -> None:
    assert name not in place_names()


def test_every_county_is_told_by_its_full_name() -> None:
    names = place_names()
    counties = {name for name in names if name[-1] in "区县市"} - {f"{city}市" for city in cities()}
    assert len(counties) == 136 - 2  # two cities have a 市中区
    assert set(names.values()) == set(cities())
