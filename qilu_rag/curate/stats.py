"""Statistics of a corpus: how many entries by category, city, era and state of review.

The same counts come as a table and as a figure (SVG without scripts, fonts or links).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich.table import Table

from qilu_rag.curate.files import EntryFile
from qilu_rag.text.fold import cjk_count
from qilu_rag.text.places import cities
from qilu_rag.types import CATEGORY_NAMES, Entry

ERAS = (
    (-221, "先秦"),
    (220, "秦汉"),
    (589, "魏晋南北朝"),
    (960, "隋唐五代"),
    (1368, "宋金元"),
    (1912, "明清"),
    (1949, "民国"),
    (9999, "1949年以后"),
)
"""The last year of each span but one, and its name."""

STATES = {"draft": "草稿", "checked": "已查", "approved": "已审", "retired": "停用"}
_NO_CITY = "跨市或未定"
_NO_ERA = "未注年代"
_COLOURS = ("#8c2f1f", "#b4692d", "#c9a24b", "#5f7f5a", "#3f6c86", "#6b4a78")
_ROW, _LEFT, _BAR, _TOP, _KEY = 20, 110, 520, 46, 118


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the statistics: a value of a dimension, and its entries by category."""

    name: str
    counts: Counter[str]

    @property
    def total(self) -> int:
        """All entries of the line."""
        return self.counts.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusStats:
    """Entries by dimension, and sums over the corpus."""

    entries: int
    characters: int
    relations: int
    by_category: Counter[str]
    by_city: tuple[Row, ...]
    by_era: tuple[Row, ...]
    by_state: tuple[Row, ...]

    def as_table(self) -> Table:
        """The statistics for a terminal."""
        table = Table("", *(zh for zh, _ in CATEGORY_NAMES.values()), "合计")
        for name, rows in self._dimensions():
            table.add_section()
            table.add_row(f"[bold]{name}", *[""] * (len(CATEGORY_NAMES) + 1))
            for row in rows:
                cells = (str(row.counts[category] or "") for category in CATEGORY_NAMES)
                table.add_row(row.name, *cells, str(row.total))
        table.add_section()
        sums = (str(self.by_category[category]) for category in CATEGORY_NAMES)
        table.add_row("[bold]合计", *sums, str(self.entries))
        table.caption = (
            f"{self.entries} 条目，{self.characters:,} 汉字，平均 "
            f"{self.relations / max(1, self.entries):.1f} 条关联"
        )
        return table

    def as_svg(self) -> str:
        """The statistics as a figure: a bar a line, a colour a category."""
        parts, y = [], _TOP
        widest = max((row.total for _, rows in self._dimensions()[:2] for row in rows), default=1)
        for name, rows in self._dimensions():
            parts.append(_text(_LEFT - 8, y + 14, name, "end", bold=True))
            y += _ROW + 4
            for row in rows:
                parts.append(_bar(row, y, _BAR / max(widest, row.total, 1)))
                y += _ROW
            y += 10
        legend = "".join(
            f'<rect x="{20 + _KEY * n}" y="16" width="12" height="12" fill="{colour}"/>'
            + _text(36 + _KEY * n, 26, f"{zh} {self.by_category[category]}")
            for n, (colour, (category, (zh, _))) in enumerate(
                zip(_COLOURS, CATEGORY_NAMES.items(), strict=True)
            )
        )
        width = 20 + len(CATEGORY_NAMES) * _KEY
        title = f"{self.entries} entries by city, era and state of review"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" '
            f'height="{y}" role="img" font-family="sans-serif" font-size="12">\n'
            f'<title>{title}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n'
            + "\n".join([legend, *parts])
            + "\n</svg>\n"
        )

    def as_json(self) -> dict[str, object]:
        """The statistics as plain values."""
        lines = {
            name: {row.name: dict(row.counts) for row in rows}
            for name, rows in zip(
                ("city", "era", "review"), (self.by_city, self.by_era, self.by_state), strict=True
            )
        }
        sums = {key: getattr(self, key) for key in ("entries", "characters", "relations")}
        return {**sums, "category": dict(self.by_category), **lines}

    def _dimensions(self) -> list[tuple[str, tuple[Row, ...]]]:
        return [("城市", self.by_city), ("时代", self.by_era), ("审核状态", self.by_state)]


def corpus_stats(files: Sequence[EntryFile]) -> CorpusStats:
    """Counts the files of a corpus."""
    entries = [file.entry for file in files]
    return CorpusStats(
        entries=len(files),
        characters=sum(cjk_count(file.document.text) for file in files),
        relations=sum(len(entry.relations) for entry in entries),
        by_category=Counter(entry.category or "" for entry in entries),
        by_city=_rows([*cities(), _NO_CITY], [(_city(entry), entry) for entry in entries]),
        by_era=_rows(
            [*(name for _, name in ERAS), _NO_ERA], [(_era(entry), entry) for entry in entries]
        ),
        by_state=_rows(
            list(STATES.values()), [(STATES[entry.review.state], entry) for entry in entries]
        ),
    )


def _rows(names: Sequence[str], pairs: Sequence[tuple[str, Entry]]) -> tuple[Row, ...]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    for name, entry in pairs:
        counts[name][entry.category or ""] += 1
    return tuple(Row(name=name, counts=count) for name, count in counts.items())


def _city(entry: Entry) -> str:
    city = (entry.place.city or "").removesuffix("市") if entry.place else ""
    return city if city in cities() else _NO_CITY


def _era(entry: Entry) -> str:
    """By its first year, or by its last where only that is known."""
    years = (entry.era.start, entry.era.end) if entry.era else ()
    first = next((year for year in years if year is not None), None)
    return _NO_ERA if first is None else next(name for last, name in ERAS if first <= last)


def _bar(row: Row, y: int, scale: float) -> str:
    x, parts = float(_LEFT), [_text(_LEFT - 8, y + 12, row.name, "end")]
    for category, colour in zip(CATEGORY_NAMES, _COLOURS, strict=True):
        width = row.counts[category] * scale
        if width:
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="14" fill="{colour}"/>'
            )
            x += width
    return "".join([*parts, _text(round(x) + 6, y + 12, str(row.total))])


def _text(x: int, y: int, text: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
