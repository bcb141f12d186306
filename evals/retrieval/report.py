"""The whole run and its tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from evals.cases import Case, load_cases
from evals.retrieval.collections import Bench, Collection, from_squad
from evals.retrieval.measure import Figures, Progress, by_group, figures, latency, ranks_of
from evals.retrieval.refusal import Refusal, refusal
from evals.retrieval.systems import baselines, ours, switched_off
from qilu_rag.assistant import Assistant
from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.tantivy_index import TantivyBackend

OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """Figures by collection and system, of groups of the corpus cases, of time and refusal."""

    half: str
    systems: dict[str, dict[str, Figures]]
    groups: dict[str, Figures] = field(default_factory=dict)
    ms: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    refusal: Refusal | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def tables(self) -> Iterator[Table]:
        """Tables for people."""
        for name, systems in self.systems.items():
            yield _table(f"{name}: systems", systems)
        if self.groups:
            yield _table(f"corpus, half {self.half}: groups", self.groups)
        if self.ms:
            table = Table("stage", "p50 ms", "p95 ms", title="time of a search")
            for stage, (half, most) in self.ms.items():
                table.add_row(stage, f"{half:.1f}", f"{most:.1f}")
            yield table
        if self.refusal is not None:
            yield _refusal_table(self.refusal)


def measure_retrieval(
    assistant: Assistant,
    folder: Path,
    *,
    half: str,
    squad: Mapping[str, Path],
    questions: int,
    compare: bool,
    leaning: bool,
    cache: Path,
    progress: Progress,
) -> RetrievalReport:
    """Measures search over the corpus cases of a half and over public sets.

    Args:
        assistant: over the corpus's index.
        folder: of the cases.
        half: dev, report or all.
        squad: files in SQuAD's form, by name.
        questions: at most so many of each of them.
        compare: whether to run our search with parts off, and the baselines, too.
        leaning: whether the refusal figures ask the language model.
        cache: file that keeps the vectors of variants and public sets.
        progress: told what is done.
    """
    cases = load_cases(folder, half)
    searcher = assistant.searcher()
    embedder = searcher.embedder
    settings = assistant.settings
    with tempfile.TemporaryDirectory(prefix="qilu-eval-") as name:
        bench = Bench(
            embedder=embedder,
            vectors=FaissBackend(),
            words=TantivyBackend(),
            cache=cache,
            folder=Path(name),
        )
        known = tuple(case for case in cases if case.entry)
        corpus = Collection(name="corpus", snapshot=searcher.snapshot, cases=known)
        ranks = ranks_of(OURS, ours(corpus.snapshot, embedder, settings.search), corpus, progress)
        systems = {"corpus": {OURS: figures(ranks)}}
        if compare:
            systems["corpus"] |= _others(corpus, bench, assistant, progress)
        for title, path in squad.items():
            for titled in (True, False):
                label = f"{title}, {'titled' if titled else 'no titles'}"
                collection = from_squad(
                    label, path, bench, settings.ingest, questions=questions, titled=titled
                )
                system = ours(collection.snapshot, embedder, settings.search)
                found = {OURS: figures(ranks_of(label, system, collection, progress))}
                if compare and not titled:  # what a baseline knows: texts alone
                    found |= _others(collection, bench, assistant, progress)
                systems[label] = found
        return RetrievalReport(
            half=half,
            systems=systems,
            groups=by_group(known, ranks, corpus.snapshot),
            ms=latency(corpus.snapshot, embedder, settings.search, _questions(known)),
            refusal=refusal(assistant, _chinese(cases), progress, leaning=leaning),
        )


def _others(
    collection: Collection, bench: Bench, assistant: Assistant, progress: Progress
) -> dict[str, Figures]:
    systems = switched_off(collection.snapshot, bench, assistant.settings.search)
    systems |= baselines(collection.snapshot, bench)
    return {
        name: figures(ranks_of(name, system, collection, progress))
        for name, system in systems.items()
    }


def _questions(cases: Sequence[Case]) -> list[str]:
    return [case.question for case in cases]


def _chinese(cases: Sequence[Case]) -> list[Case]:
    # English ones are translated by the language model first, which takes its time.
    return [case for case in cases if case.language != "en"]


def _table(title: str, rows: Mapping[str, Figures]) -> Table:
    heads = ("recall@1", "recall@5", "recall@10", "nDCG@10", "MRR@10")
    table = Table("", "questions", *heads, title=title)
    for name, row in rows.items():
        values = (row.recall1, row.recall5, row.recall10, row.ndcg10, row.mrr10)
        table.add_row(name, str(row.recall1.of), *map(str, values))
    return table


def _refusal_table(found: Refusal) -> Table:
    table = Table("figure", "value", title="does the evidence answer? (Chinese questions)")
    table.add_row("ROC-AUC", f"{found.auc:.3f} ({found.of} questions)")
    table.add_row(f"unanswerable refused, threshold {found.threshold}", str(found.refused))
    table.add_row("answerable refused", str(found.falsely_refused))
    return table
