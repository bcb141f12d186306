"""Links and names: relations that hold from both sides, and names that mean one entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from qilu_rag.curate.files import EntryFile
from qilu_rag.curate.findings import Finding
from qilu_rag.retrieve.names import names_of
from qilu_rag.text.fold import fold
from qilu_rag.types import Entry

INVERSES = {
    "part_of": "has_part",
    "located_in": "location_of",
    "dedicated_to": "honoured_by",
    "author_of": "written_by",
    "about": "subject_of",
    "student_of": "teacher_of",
    "parent_of": "child_of",
    "founded": "founded_by",
    "happened_at": "scene_of",
    "practised_in": "home_of",
    "inherits": "inherited_by",
    "contemporary_of": "contemporary_of",
    "related_to": "related_to",
}
"""Relation type → what it is seen from the other side; the last two are the same from both."""

_KINDS = {
    "author_of": ({"person"}, {"text", "object", "practice"}),
    "student_of": ({"person"}, {"person"}),
    "parent_of": ({"person"}, {"person"}),
    "contemporary_of": ({"person"}, {"person"}),
    "happened_at": ({"event"}, {"site", "landscape", "event"}),
}
"""Relation type → kinds that it leads from, and to. Types that are not here join any two."""

_LIVES = ("contemporary_of", "student_of")
_LEAST_MEAN = 3


def check_links(files: Sequence[EntryFile]) -> Iterator[Finding]:
    """Dangling, doubled, impossible and contradictory relations; too few of them."""
    entries = {file.entry.id: file.entry for file in files}
    ties = {(f.entry.id, r.to): r.type for f in files for r in f.entry.relations}
    for file in files:
        seen: set[str] = set()
        for relation in file.entry.relations:
            target = entries.get(relation.to)
            reason = (
                "points at no entry; mend the id or take it out"
                if target is None
                else _wrong(file.entry, relation.type, target)
                or (relation.to in seen and "is the second to that entry; keep the more telling")
                or _contradicted(ties, file.entry.id, relation.to)
            )
            seen.add(relation.to)
            if reason:
                message = f"the relation {relation.type} to {relation.to} {reason}"
                yield file.finding(
                    "relations", message, f"to: {relation.to}}}", f"to: {relation.to}"
                )
    count = sum(len(file.entry.relations) for file in files)
    if files and count < _LEAST_MEAN * len(files):
        message = (
            f"{count / len(files):.2f} relations an entry; {_LEAST_MEAN} on average are wanted"
        )
        yield Finding(path=files[0].path.parents[1], line=1, rule="relations", message=message)


def _wrong(entry: Entry, kind: str, target: Entry) -> str | None:
    if target.id == entry.id:
        return "leads to the entry itself"
    sources, targets = _KINDS.get(kind, (None, None))
    if sources is not None and entry.kind not in sources:
        return f"can't lead from a {entry.kind}"
    if targets is not None and target.kind not in targets:
        return f"can't lead to a {target.kind}"
    if kind in _LIVES and _apart(entry, target):
        return "joins two who did not live at the same time; see both eras"
    return None


def _apart(one: Entry, other: Entry) -> bool:
    """Whether two lives that are both dated do not overlap."""
    if one.era is None or other.era is None:
        return False
    spans = (one.era.start, one.era.end, other.era.start, other.era.end)
    if None in spans:
        return False
    a, b, c, d = (year or 0 for year in spans)
    return b < c or d < a


def _contradicted(ties: Mapping[tuple[str, str], str], one: str, other: str) -> str | None:
    """A directed relation that the other entry states the other way round."""
    kind, back = ties[one, other], ties.get((other, one))
    if kind == back and INVERSES[kind] != kind:
        return f"is also stated the other way round; one of {one} and {other} is wrong"
    return None


def shared_names(files: Sequence[EntryFile]) -> dict[str, list[str]]:
    """Names by which more than one entry goes, and those entries."""
    owners: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for name in names_of(file.entry):
            owners[name].append(file.entry.id)
    return {name: sorted(ids) for name, ids in owners.items() if len(ids) > 1}


def check_names(
    files: Sequence[EntryFile], allowed: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """Names of two entries that the disambiguation list does not know, and its dead lines.

    Args:
        files: the corpus.
        allowed: the disambiguation list, name → ids of the entries that it may mean.
    """
    shared = shared_names(files)
    known = {fold(name): sorted(ids) for name, ids in allowed.items()}
    by_id = {file.entry.id: file for file in files}
    for name, ids in shared.items():
        if known.get(name) != ids:
            for one in ids:
                file = by_id[one]
                others = ", ".join(other for other in ids if other != one)
                message = (
                    f"the name {name} also means {others}; take it out of one, "
                    "or add it to disambiguation.yaml"
                )
                yield file.finding("names", message, "aliases:", "title:")
    for file in files:
        given = [file.entry.title, *file.entry.aliases]
        for name in sorted({name for name in given if given.count(name) > 1}):
            yield file.finding("names", f"the name {name} is given twice", "aliases:")
    if files:
        path = files[0].path.parents[1] / "disambiguation.yaml"
        for name in sorted(known.keys() - shared.keys()):
            message = f"{name} is no longer the name of two entries; take it out"
            yield Finding(path=path, line=1, rule="names", message=message)
