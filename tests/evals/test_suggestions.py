"""The evaluation of suggestions counts rightly."""

from __future__ import annotations

import pytest

from evals.suggestions import in_dev, outcome, report
from qilu_rag.ingest.suggest import Suggestion
from qilu_rag.types import Entry, Era, Place

ENTRY = Entry(
    id="bian-gong",
    title="边贡（诗人）",
    category="figures",
    aliases=("边华泉",),
    place=Place(city="济南市"),
    era=Era(start=1476, end=1532),
)


@pytest.mark.parametrize(
    ("given", "flags"),
    [
        (Suggestion(), (None, None, None, None)),
        (
            Suggestion(
                category="figures", city="济南", title="边华泉", era_start=1369, era_end=1644
            ),
            (True, True, True, True),
        ),
        (
            Suggestion(category="red", city="青岛", title="边", era_start=1645, era_end=1911),
            (False, False, False, False),
        ),
        (Suggestion(title="边贡", era_end=1532), (None, None, True, True)),
    ],
)
def test_an_outcome(given: Suggestion, flags: tuple[bool | None, ...]) -> None:
    found = outcome(ENTRY, given)
    assert tuple(found[name] for name in ("category", "city", "title", "era")) == flags


def test_an_entry_without_a_city_or_era() -> None:
    found = outcome(Entry(id="a", title="大学"), Suggestion(city="济宁", era_start=1, era_end=9))
    assert found["city"] is False
    assert "era" not in found


def test_the_halves_hold_about_as_many() -> None:
    halves = [in_dev(Entry(id=f"entry-{n}", title="题")) for n in range(400)]
    assert 150 < sum(halves) < 250


def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    flags: list[dict[str, bool | None]] = [
        {"category": True, "city": None, "title": False, "era": True},
        {"category": None},
    ]
    report("dev", flags)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "dev: 2 entries"
    assert lines[1].split()[:6] == "category n 2, coverage 0.500, accuracy".split()
    assert "1.000  (1 of 1" in lines[1]
    assert "coverage 0.000, accuracy none" in lines[2]
