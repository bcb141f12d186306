"""At which place a ranking answers a case: one rule for all that is measured."""

from __future__ import annotations

from collections.abc import Sequence

from evals.cases import Case
from evals.metrics import rank_of
from qilu_rag.types import Entry

Found = tuple[Entry, str]
"""An entry and the text of a passage of it."""


def rank_of_case(case: Case, found: Sequence[Found]) -> int | None:
    """Place, among the entries found, of the first that answers; None when none does.

    The right entry does; so does one that a relation links to it and whose passage holds
    the facts: what the corpus tells in two places is found in either.
    """
    wanted = case.entry or ""
    near = {r.to for entry, _ in found if entry.id == wanted for r in entry.relations}
    near |= {entry.id for entry, _ in found if any(r.to == wanted for r in entry.relations)}
    ranked = [entry.id for entry, _ in found]
    places = [rank_of(wanted, ranked)]
    places += [
        rank_of(entry.id, ranked)
        for entry, text in found
        if entry.id in near and case.holds_facts(text)
    ]
    return min((place for place in places if place is not None), default=None)
