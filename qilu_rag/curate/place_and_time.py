"""Place and time: coordinates inside the named city, eras that the text bears out, lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qilu_rag.curate.files import EntryFile
from qilu_rag.curate.findings import Finding
from qilu_rag.text.places import cities
from qilu_rag.text.reigns import regnal_in
from qilu_rag.text.years import years_in

_LATEST = 2026
BATCH_YEARS = {
    "全国重点文物保护单位": dict(enumerate((1961, 1982, 1988, 1996, 2001, 2006, 2013, 2019), 1)),
    "国家级非物质文化遗产": dict(enumerate((2006, 2008, 2011, 2014, 2021), 1)),
}
"""National list → batch → the year of the State Council's notice that announced it."""

_NUMERALS = "一二三四五六七八"
_BATCH = re.compile(
    rf"第([{_NUMERALS}])批(?:[^，。；第]{{0,6}})?(全国重点文物保护单位|国家级?非物质文化遗产)"
)
_IN_BRACKET = re.compile(r"[（(](?:公元)?(?P<before>前)?(?P<year>\d{1,4})年?(?=[）)，,])")
_DATED = ("person", "event")


def check_place(file: EntryFile) -> Iterator[Finding]:
    """The city is one of the province's, and the coordinates lie in it."""
    place = file.entry.place
    if place is None:
        return
    city = (place.city or "").removesuffix("市")
    if place.city and city not in cities():
        message = f"{place.city} is not a city of Shandong; there are: {' '.join(cities())}"
        yield file.finding("place", message, "place:")
        return
    if (place.lon is None) != (place.lat is None):
        yield file.finding("place", "lon and lat come together or not at all", "place:")
        return
    if place.lon is None or place.lat is None:
        return
    bounds = [cities()[city]] if city else list(cities().values())
    if not any(w <= place.lon <= e and s <= place.lat <= n for w, s, e, n in bounds):
        where = city or "Shandong"
        message = f"{place.lon}, {place.lat} lies outside {where}; mend or drop the coordinates"
        yield file.finding("place", message, "place:")


def check_era(file: EntryFile) -> Iterator[Finding]:
    """The era runs forward, and a life's or an event's years stand in the text."""
    era = file.entry.era
    if era is None:
        return
    years = [year for year in (era.start, era.end) if year is not None]
    if years != sorted(years) or any(year > _LATEST for year in years):
        yield file.finding("era", "from lies behind to, or in the future", "era:")
    if file.entry.kind not in _DATED or file.path.suffix != ".md":
        return
    told = {year.year for year in years_in(file.document.text)}
    for year in years:
        if year not in told:
            name = f"公元前{-year}年" if year < 0 else f"{year}年"
            message = f"the era says {name}, which the text never does; state it or mend the era"
            yield file.finding("era", message, "era:")


def check_reigns(file: EntryFile) -> Iterator[Finding]:
    """A regnal year and the year in the bracket behind it are one: 万历三十年（1602年）."""
    text = file.document.text
    for regnal in regnal_in(text):
        match = _IN_BRACKET.match(text, regnal.end)
        if match is None or regnal.first != regnal.last:
            continue
        year = -int(match["year"]) if match["before"] else int(match["year"])
        if year != regnal.first:
            named = text[regnal.start : match.end()]
            message = f"{named} would be {regnal.first}; mend the one or the other"
            yield file.finding("reign", message, named)


def check_lists(file: EntryFile) -> Iterator[Finding]:
    """Batches have their years, and the text names the batch that the front matter names."""
    batches: dict[str, set[int]] = {}
    for item in file.entry.designations:
        expected = BATCH_YEARS.get(item.list, {}).get(item.batch or 0)
        if item.batch is not None and item.list in BATCH_YEARS:
            batches.setdefault(item.list, set()).add(item.batch)
            if item.year is not None and item.year != expected:
                message = f"batch {item.batch} of {item.list} is of {expected}, not {item.year}"
                yield file.finding("designations", message, f"list: {item.list}", "designations:")
    names = (file.entry.title, *file.entry.aliases)
    for sentence in file.sentences:
        for numeral, name in _BATCH.findall(sentence):
            listed = name.replace("国家非物质", "国家级非物质")
            batch = _NUMERALS.index(numeral) + 1
            if not sentence.startswith(names):  # about another subject, or only in passing
                continue
            if listed in batches and batch not in batches[listed]:
                message = f"the text says batch {batch} of {listed}, the front matter does not"
                yield file.finding("designations", message, sentence[:20])
            year = BATCH_YEARS[listed].get(batch)
            told = {y.year for y in years_in(sentence)}
            if year not in told and told & set(BATCH_YEARS[listed].values()):
                message = f"batch {batch} of {listed} is of {year}; the sentence has another year"
                yield file.finding("designations", message, sentence[:20])
