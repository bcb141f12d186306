"""Gathering: the documents of a new snapshot, one an id, and none of them twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qilu_rag.ingest.files import Problem
from qilu_rag.ingest.near import Near
from qilu_rag.ingest.prepare import Prepared
from qilu_rag.ingest.records import Record


@dataclass(slots=True, kw_only=True)
class Gathering:
    """What a new snapshot will hold, as it comes together.

    Attributes:
        problems: what it can't hold.
    """

    problems: list[Problem] = field(default_factory=list)
    _held: dict[str, Prepared] = field(default_factory=dict)
    _near: Near = field(default_factory=Near)
    _signed: set[str] = field(default_factory=set)

    def keep(self, items: Sequence[Prepared]) -> None:
        """Takes over what the old snapshot held."""
        for item in items:
            self._hold(item)

    def take(self, item: Prepared | Problem) -> Prepared | None:
        """Takes in what was read.

        Returns:
            What is to be embedded; None for what is a problem or says again what another
            document says.
        """
        if isinstance(item, Problem):
            self.problems.append(item)
            return None
        record = item.record
        other = self._held.get(record.entry.id)
        if other is not None and not _is_moved(other.record, record):
            reason = (
                f"the id {record.entry.id} is taken by another document, {other.record.source}; "
                "give it another id"
            )
            self.problems.append(Problem(source=record.source, reason=reason, origin=record.origin))
            return None
        return self._hold(item)

    def held(self) -> list[Prepared]:
        """All documents in the order of their ids."""
        return [self._held[key] for key in sorted(self._held)]

    def _hold(self, item: Prepared) -> Prepared | None:
        key = item.record.entry.id
        near = self._near.find(item.signature)
        if near is not None and near[0] != key:
            # Linked, not indexed: two passages that say the same would crowd out a third.
            record = replace(item.record, duplicate_of=near[0])
            self._held[key] = replace(item, record=record, passages=())
            return None
        if key not in self._signed:
            self._signed.add(key)
            self._near.add(key, item.signature)
        self._held[key] = item
        return item


def _is_moved(old: Record, new: Record) -> bool:
    """Whether it is the same document in another place."""
    return old.sha256 == new.sha256 or not Path(old.origin).exists()
