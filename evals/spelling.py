"""Misspelled names: how often does a question still find its entry?

    python -m evals.spelling --half report

The questions of evals/cases that name an entry are written wrongly by a seeded generator:
one character of the name replaced by one that sounds the same, two neighbours swapped, one
left out, the name in pinyin, or a letter of an English name changed. Each is searched with
spelling put right and without. Questions as they were typed tell how often a name is seen
where none is.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pypinyin import Style, lazy_pinyin
from rich.console import Console
from rich.table import Table

from evals.cases import Case, load_cases
from qilu_rag.assistant import build
from qilu_rag.config import load_settings
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searcher
from qilu_rag.text.fold import fold, is_cjk
from qilu_rag.types import Query

Slip = Callable[[str, random.Random], str | None]


def syllables(name: str) -> list[str]:
    """How a name is read, a syllable a character."""
    return lazy_pinyin(name, style=Style.NORMAL)


def slips(alike: dict[str, str]) -> dict[str, Slip]:
    """Ways to write a name wrongly.

    Args:
        alike: syllable → the characters that have this reading.
    """

    def sounds_alike(name: str, draw: random.Random) -> str | None:
        if not all(map(is_cjk, name)):
            return None
        at = draw.randrange(len(name))
        others = [c for c in alike.get(syllables(name)[at], "") if c != name[at]]
        return name[:at] + draw.choice(others) + name[at + 1 :] if others else None

    def swapped(name: str, draw: random.Random) -> str | None:
        at = draw.randrange(len(name) - 1)
        two = name[at + 1] + name[at]
        ok = all(map(is_cjk, name)) and len(name) > 2 and two[0] != two[1]
        return name[:at] + two + name[at + 2 :] if ok else None

    def left_out(name: str, draw: random.Random) -> str | None:
        at = draw.randrange(len(name))
        return name[:at] + name[at + 1 :] if all(map(is_cjk, name)) and len(name) > 3 else None

    def in_pinyin(name: str, draw: random.Random) -> str | None:
        return draw.choice(["", " "]).join(syllables(name)) if all(map(is_cjk, name)) else None

    def letter_changed(name: str, draw: random.Random) -> str | None:
        letters = [at for at, char in enumerate(name) if char.isascii() and char.isalpha()][1:]
        if len(letters) < 6 or any(map(is_cjk, name)):
            return None
        at = draw.choice(letters)
        new = draw.choice(["", name[at] * 2, draw.choice("aeiou")])
        return name[:at] + new + name[at + 1 :] if new != name[at] else None

    return {
        "sounds alike": sounds_alike,
        "swapped": swapped,
        "left out": left_out,
        "pinyin": in_pinyin,
        "letter changed": letter_changed,
    }


def rewritten(cases: Sequence[Case], searcher: Searcher, slip: Slip) -> Iterator[Case]:
    """The cases that name their entry once, with that name written wrongly."""
    for case in cases:
        own = [m for m in searcher.names.mentions(case.question) if case.entry in m.entries]
        if len(own) != 1 or case.entry is None:
            continue
        folded, name = fold(case.question), own[0]
        wrong = slip(name.name, random.Random(case.id))  # noqa: S311 (a seeded generator)
        if wrong is not None:
            text = folded[: name.start] + wrong + folded[name.end :]
            yield replace(case, question=text)


def found(case: Case, searcher: Searcher, spelled: bool) -> tuple[bool, bool]:
    """Whether the case's entry is first, and among the first five passages."""
    query = understand(case.question, searcher.names)
    if not spelled:
        names = searcher.names.entries_in(query.asked)
        query = Query(asked=query.asked, text=query.asked, language=query.language, names=names)
    entries = [hit.entry.id for hit in searcher.search(query, 5)]
    return entries[:1] == [case.entry], case.entry in entries


def measure(cases: Sequence[Case], searcher: Searcher) -> Table:
    """A row for each way of writing wrongly."""
    alike: dict[str, str] = {}
    # Characters of the corpus itself: rarer ones are not what a reader's keyboard offers.
    for char in sorted({c for p in searcher.snapshot.passages for c in p.text if is_cjk(c)}):
        alike[syllables(char)[0]] = alike.get(syllables(char)[0], "") + char
    table = Table("names", "n", "first", "among five", "first, as typed", "among five, as typed")
    for kind, slip in slips(alike).items():
        some = list(rewritten(cases, searcher, slip))
        got = [(*found(case, searcher, True), *found(case, searcher, False)) for case in some]
        shares = [f"{sum(column) / len(some):.3f}" for column in zip(*got, strict=True)]
        table.add_row(kind, str(len(some)), *shares)
    changed = [case for case in cases if searcher.names.spelled(case.question) != case.question]
    table.caption = f"{len(changed)} of {len(cases)} questions as they stand are changed"
    for case in changed:
        table.caption += f"\n{case.question} → {searcher.names.spelled(case.question)}"
    return table


def main() -> None:
    """Prints the table for one half of the cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, default=Path("evals/cases"))
    parser.add_argument("--half", default="report", choices=["dev", "report", "all"])
    args = parser.parse_args()
    with build(load_settings()) as assistant:
        table = measure(load_cases(args.cases, args.half), assistant.searcher())
    Console(highlight=False, width=120).print(table)


if __name__ == "__main__":
    main()
