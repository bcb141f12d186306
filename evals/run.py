"""`qilu eval`: asks every case, judges the replies, draws the report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, TextIO

from rich.table import Table

from evals.cases import Case, load_cases
from evals.metrics import Share, ndcg, percentile, share
from evals.ranking import rank_of_case
from qilu_rag.assistant import Assistant
from qilu_rag.errors import InputError
from qilu_rag.render import reply_json
from qilu_rag.types import Hit, Reply

Progress = Callable[[str, int, int], None]
_K = 10
_SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one case; `reply` is None when only retrieval was measured."""

    case: Case
    hits: tuple[Hit, ...]
    search_ms: float
    reply: Reply | None = None

    @property
    def rank(self) -> int | None:
        """Place of the first hit that answers; see `evals.ranking`."""
        return rank_of_case(self.case, [(hit.entry, hit.passage.text) for hit in self.hits])

    @property
    def refused(self) -> bool:
        return self.reply is not None and self.reply.status in ("refused", "blocked")

    @property
    def right(self) -> bool:
        """Whether the answer holds every required fact."""
        return (
            self.reply is not None and not self.refused and self.case.holds_facts(self.reply.answer)
        )

    def citation_flags(self) -> list[bool]:
        """For each citation whether its passage is of the right entry or holds the facts."""
        citations = self.reply.citations if self.reply else ()
        return [
            citation.hit.entry.id == self.case.entry
            or self.case.holds_facts(citation.hit.passage.text)
            for citation in citations
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of a run."""

    half: str
    shares: dict[str, Share]
    ndcg10: float
    times: dict[str, tuple[float, float]]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "half": self.half,
            "ndcg@10": round(self.ndcg10, 4),
            "shares": {
                name: {"value": s.value, "hits": s.hits, "of": s.of}
                for name, s in self.shares.items()
            },
            "ms": {name: {"p50": a, "p95": b} for name, (a, b) in self.times.items()},
        }

    def as_table(self) -> Table:
        """A table for people."""
        table = Table("figure", "value", title=f"half: {self.half}")
        for name, value in self.shares.items():
            if value.of:
                table.add_row(name, str(value))
        table.add_row("nDCG@10", f"{self.ndcg10:.3f}")
        for name, (half, most) in self.times.items():
            table.add_row(f"{name}, p50 / p95", f"{half:,.0f} / {most:,.0f} ms")
        return table


def evaluate(
    assistant: Assistant,
    folder: Path,
    *,
    half: str,
    sample: int | None,
    retrieval_only: bool,
    out: Path | None,
    progress: Progress,
) -> Report:
    """Runs the cases of one half, or a sample of them.

    Args:
        assistant: what is measured.
        folder: where the cases lie.
        half: dev, report or all.
        sample: so many cases, drawn by a fixed seed; None takes all.
        retrieval_only: leaves the language model out.
        out: a file that every reply is written to, a line each.
        progress: called with what is done, how many, of how many.
    """
    cases = load_cases(folder, half)
    if sample is not None and sample < len(cases):
        cases = Random(_SEED).sample(cases, sample)  # noqa: S311
    assistant.search("孔子")  # the models are loaded before anything is timed
    outcomes = []
    kept = [] if out is None else [_writable(out)]
    try:
        for number, case in enumerate(cases):
            progress("cases", number, len(cases))
            outcome = _run(assistant, case, retrieval_only)
            outcomes.append(outcome)
            for file in kept:
                file.write(json.dumps(_record(outcome), ensure_ascii=False) + "\n")
                file.flush()
    finally:
        for file in kept:
            file.close()
    progress("cases", len(cases), len(cases))
    return report(half, outcomes)


def _writable(out: Path) -> TextIO:
    try:
        return out.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}") from error


def _run(assistant: Assistant, case: Case, retrieval_only: bool) -> Outcome:
    started = perf_counter()
    hits = tuple(assistant.search(case.question, k=_K, history=case.history))
    search_ms = (perf_counter() - started) * 1000
    reply = None
    if not retrieval_only:
        *_, reply = assistant.ask(case.question, history=case.history)
    return Outcome(case=case, hits=hits, search_ms=search_ms, reply=reply)


def _record(outcome: Outcome) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": outcome.case.id,
        "question": outcome.case.question,
        "facts": outcome.case.facts,
        "rank": outcome.rank,
    }
    if outcome.reply is not None:
        record |= {"right": outcome.right, "reply": reply_json(outcome.reply)}
    return record


def report(half: str, outcomes: Sequence[Outcome]) -> Report:
    """Draws the figures out of the outcomes."""
    known = [o for o in outcomes if o.case.entry]
    unknown = [o for o in outcomes if not o.case.entry]
    asked = [o for o in outcomes if o.reply is not None]
    shares = {
        "recall@1": share([o.rank == 1 for o in known]),
        "recall@5": share([o.rank is not None and o.rank <= 5 for o in known]),
    }
    if asked:
        shares["answers right"] = share([o.right for o in known])
        for language in ("zh", "zh-Hant", "en"):
            some = [o.right for o in known if o.case.language == language]
            shares[f"answers right, {language}"] = share(some)
        shares["citations right"] = share([f for o in known for f in o.citation_flags()])
        shares["unanswerable refused"] = share([o.refused for o in unknown])
        shares["answerable refused (false refusal)"] = share([o.refused for o in known])
    times = {"search": [o.search_ms for o in outcomes]}
    if asked:
        answered = [o.reply.ms for o in asked if o.reply and not o.refused]
        times["first sentence"] = [ms.first for ms in answered]
        times["whole answer"] = [ms.total for ms in answered]
    return Report(
        half=half,
        shares=shares,
        ndcg10=sum(ndcg(o.rank) for o in known) / max(len(known), 1),
        times={name: (percentile(t, 0.5), percentile(t, 0.95)) for name, t in times.items()},
    )
