"""What was found is told in the source's own words, and what was not is told too."""

from __future__ import annotations

from qilu_rag.answer.place import told
from qilu_rag.types import Entry, Hit, Located, Passage, PlaceAsked

WORK = Entry(id="lunyu-original", title="《论语》原文", origin="original")
OTHER = Entry(id="zhongyong-original", title="《中庸》原文", origin="original")


def located(entry: Entry, text: str, locator: str, likeness: float = 1.0) -> Located:
    passage = Passage(
        id=f"{entry.id}#{locator}",
        entry_id=entry.id,
        text=f"子曰：「{text}。」",
        start=0,
        end=len(text) + 6,
        locator=locator,
        source="x",
        sentences=((0, len(text) + 6),),
    )
    return Located(entry=entry, passages=(passage,), text=text, likeness=likeness)


def hit(place: Located) -> Hit:
    return Hit(passage=place.passages[0], entry=place.entry, score=1.0, via=("lexical",))


def asked(
    saying: str, work: Entry | None, found: list[Located], elsewhere: list[Located], *more: Hit
) -> PlaceAsked:
    return PlaceAsked(
        saying=saying,
        work=work,
        found=tuple(found),
        elsewhere=tuple(elsewhere),
        hits=(*map(hit, (*found, *elsewhere)), *more),
    )


def test_every_exact_place_is_told() -> None:
    places = [
        located(WORK, "勿施於人", "《论语·颜渊》12.2"),
        located(WORK, "勿施於人", "《论语·卫灵公》15.24"),
    ]
    assert told(asked("勿施于人", None, places, [])) == [
        ("“勿施於人”见于《论语·颜渊》12.2。", 0),
        ("“勿施於人”又见于《论语·卫灵公》15.24。", 1),
    ]


def test_what_the_work_does_not_hold_is_denied_and_shown_where_it_stands() -> None:
    near = located(WORK, "博学而笃志", "《论语·子张》19.6", 0.8)
    there = located(OTHER, "博學之", "《中庸》第20章")
    assert told(asked("博学之", WORK, [near], [there])) == [
        ("《论语》里没有“博学之”这句话。", None),
        ("它见于《中庸》第20章：“博學之”。", 1),
        ("字句最接近的是《论语·子张》19.6：子曰：「博学而笃志。」", 0),
    ]


def test_with_nothing_near_the_search_tells_its_nearest() -> None:
    nearest = hit(located(WORK, "学而时习之", "《论语·学而》1.1"))
    assert told(asked("人之初", WORK, [], [], nearest)) == [
        ("《论语》里没有“人之初”这句话。", None),
        ("检索到最接近的一段是《论语·学而》1.1：子曰：「学而时习之。」", 0),
    ]
    assert told(asked("人之初", WORK, [], [])) == [("《论语》里没有“人之初”这句话。", None)]
    assert told(asked("人之初", None, [], []))[0][0] == "所收的原典里没有“人之初”这句话。"


def test_a_long_passage_is_not_told_whole() -> None:
    near = located(WORK, "学" * 200, "《论语·学而》1.1", 0.8)
    text, _ = told(asked("学学学学", WORK, [near], []))[1]
    assert text == f"字句最接近的是《论语·学而》1.1：“{'学' * 200}”。"
