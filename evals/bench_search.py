"""Measures search by size: time, memory, and agreement with exact search.

    python -m evals.bench_search [--rows 22000 200000 1000000] [--texts FILE ...] [--questions 200]

A snapshot of each size is grown out of the home's own (`evals.grown` says what of it is
real), published and verified like any other, and opened in a fresh process with one thread.
Questions are those of `evals/cases`, embedded by the home's embedder; the time of embedding
is left out. Exact search in numpy is what recall is measured against.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from evals.bench_runs import resident
from evals.cases import load_cases
from evals.grown import GivenVectors, Real, grow, publish, read_real
from evals.metrics import percentile
from qilu_rag.assistant import open_store
from qilu_rag.backends.embedders import make_embedder
from qilu_rag.config import SearchSettings, load_settings
from qilu_rag.ports import EmbedderIdentity, Ids, Vectors
from qilu_rag.retrieve.filters import passes
from qilu_rag.retrieve.query import understand
from qilu_rag.retrieve.search import Searcher
from qilu_rag.text.words import query_terms
from qilu_rag.types import Filters

_SHARES = (0.5, 0.1, 0.01, 0.001)
"""Shares of the rows, drawn at random, that a filtered search is kept to."""
_FILTERS = {
    "category": Filters(category="figures"),
    "city and category": Filters(city="泰安", category="landscapes"),
}
_BLOCK = 50_000
_K = 10
_SEED = 20

_EXACT = "exact.npz"

T = TypeVar("T")
U = TypeVar("U")
Figures = dict[str, float]


def exact(vectors: Vectors, questions: Vectors, among: Ids | None = None) -> Ids:
    """The rows of the ten largest inner products, shape (questions, 10), in no order."""
    rows = np.arange(len(vectors)) if among is None else among
    best = np.full((len(questions), _K), -np.inf, dtype=np.float32)
    found = np.full((len(questions), _K), -1, dtype=np.int64)
    for at in range(0, len(rows), _BLOCK):
        some = rows[at : at + _BLOCK]
        scores = np.hstack([best, questions @ vectors[some].T])
        numbers = np.hstack([found, np.tile(some, (len(questions), 1))])
        order = np.argpartition(-scores, _K - 1, axis=1)[:, :_K]
        best = np.take_along_axis(scores, order, axis=1)
        found = np.take_along_axis(numbers, order, axis=1)
    return found


def recall(found: Ids, best: Ids) -> float:
    """Share of the best rows that were found; -1 stands for no row."""
    pairs = zip(found[:, :_K].tolist(), best.tolist(), strict=True)
    held = [(set(a), set(b) - {-1}) for a, b in pairs]
    return sum(len(a & b) for a, b in held) / max(sum(len(b) for _, b in held), 1)


def timed(name: str, search: Callable[[T], U], asked: Sequence[T], figures: Figures) -> list[U]:
    """Searches for one after the other; puts down how many milliseconds they took."""
    search(asked[0])  # maps what was not looked at yet
    values, clock, processor = [], [], []
    for one in asked:
        started, cpu = time.perf_counter(), time.process_time()
        values.append(search(one))
        clock.append((time.perf_counter() - started) * 1000)
        processor.append((time.process_time() - cpu) * 1000)
    figures[f"{name}: ms, p50"] = percentile(clock, 0.5)
    figures[f"{name}: ms, p95"] = percentile(clock, 0.95)
    figures[f"{name}: processor ms, p50"] = percentile(processor, 0.5)
    return values


def prepare(
    real: Real,
    rows: int,
    asked: Sequence[str],
    questions: Vectors,
    home: Path,
    who: EmbedderIdentity,
) -> Figures:
    """Builds a snapshot, and beside it what exact search finds; gives what it cost."""
    vectors = grow(real.vectors, rows)
    started = time.perf_counter()
    publish(real, vectors, open_store(load_settings(home=home)), GivenVectors(who))
    figures = {"build: s": time.perf_counter() - started}
    folder = home / "snapshots" / f"grown-{rows}"
    figures["vectors: MB"] = (folder / "vectors.faiss").stat().st_size / 1e6
    figures["words: MB"] = sum(path.stat().st_size for path in (folder / "words").iterdir()) / 1e6
    chance = np.random.default_rng(_SEED)
    found = {"best": exact(vectors, questions)}
    for share in _SHARES:
        among = np.flatnonzero(chance.random(rows) < share)
        found |= {f"among {share}": among, f"best {share}": exact(vectors, questions, among)}
    np.savez(home / _EXACT, asked=np.array(asked), questions=questions, **found)  # type: ignore[arg-type]
    return figures


def measure(home: Path, who: EmbedderIdentity) -> Figures:
    """Opens a snapshot that `prepare` built and searches it; for a fresh process."""
    held = np.load(home / _EXACT)
    before = resident()
    embedder = GivenVectors(who)
    figures: Figures = {}
    started = time.perf_counter()
    searcher = Searcher(
        open_store(load_settings(home=home)).open(embedder), embedder, SearchSettings()
    )
    figures["open: s"] = time.perf_counter() - started
    started = time.perf_counter()
    understand("泰山", searcher.names)
    figures["names and jieba, once: s"] = time.perf_counter() - started
    _search_vectors(searcher, held, figures)
    _search_words(searcher, held["asked"].tolist(), figures)
    _search_whole(searcher, embedder, held, figures)
    figures["resident: MB"] = (resident() - before) * 2**20 / 1e6
    return figures


def _search_vectors(searcher: Searcher, held: Any, figures: Figures) -> None:
    index, questions = searcher.snapshot.vectors, held["questions"]
    depth = min(searcher.settings.depth * 6, len(index))
    for share in ("", *(f" {share}" for share in _SHARES)):
        among = held[f"among{share}"] if share else None
        name = f"vectors, rows kept{share}" if share else "vectors"

        def search(vector: Vectors, among: Ids | None = among) -> Ids:
            found: Ids = index.search(vector[None], depth, among)[1][0]
            return found

        found: Ids = np.array(timed(name, search, list(questions), figures))
        figures[f"{name}: recall@10"] = recall(found, held[f"best{share}"])
        if among is not None and not np.isin(found, np.append(among, -1)).all():
            raise AssertionError(f"{name}: a row came back that is not among the allowed")


def _search_words(searcher: Searcher, asked: list[str], figures: Figures) -> None:
    index, depth = searcher.snapshot.words, searcher.settings.depth
    terms = [query_terms(question) for question in asked]
    figures["words: terms a question, p50"] = percentile([len(some) for some in terms], 0.5)
    timed("words", lambda some: index.search(some, depth), terms, figures)
    chance = np.random.default_rng(_SEED)
    for share in _SHARES:
        among = np.flatnonzero(chance.random(len(index)) < share)

        def search(some: list[str], among: Ids = among) -> object:
            return index.search(some, depth, among)

        timed(f"words, rows kept {share}", search, terms, figures)


def _search_whole(searcher: Searcher, embedder: GivenVectors, held: Any, figures: Figures) -> None:
    asked = list(zip(held["asked"].tolist(), held["questions"], strict=True))
    for name, filters in {"none": Filters(), **_FILTERS}.items():

        def search(one: tuple[str, Vectors], filters: Filters = filters) -> int:
            text, embedder.vector = one
            hits = searcher.search(understand(text, searcher.names, filters=filters), _K)
            if not all(passes(hit.entry, filters) for hit in hits):
                raise AssertionError(f"a hit does not pass {filters}")
            return len(hits)

        counts = timed(f"whole search, filter: {name}", search, asked, figures)
        figures[f"whole search, filter: {name}: hits, mean"] = sum(counts) / len(counts)


def fresh(home: Path) -> Figures:
    """`measure` in a process of its own, with one thread."""
    command = [sys.executable, "-m", "evals.bench_search", "--measure", str(home)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def table(sizes: dict[int, Figures]) -> Table:
    """A row a figure, a column a size."""
    shown = Table("figure", *(f"{rows:,} sentences" for rows in sizes))
    for name in next(iter(sizes.values()), {}):
        digits = 3 if "recall" in name else 2
        shown.add_row(name, *(f"{figures[name]:,.{digits}f}" for figures in sizes.values()))
    return shown


def main() -> None:
    """Measures each size and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[22_000, 200_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="text or JSON files")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    settings = load_settings()
    embedder = make_embedder(settings)
    if given.measure:
        print(json.dumps(measure(given.measure, embedder.identity)))
        return
    cases = load_cases(Path(__file__).parent / "cases")
    asked = list(dict.fromkeys(case.question for case in cases))[: given.questions]
    real = read_real(settings, embedder, given.texts)
    questions = np.concatenate([embedder.embed_queries([question]) for question in asked])
    sizes: dict[int, Figures] = {}
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            built = prepare(real, rows, asked, questions, Path(folder), embedder.identity)
            sizes[rows] = built | fresh(Path(folder))
        print(f"{rows:,}: {json.dumps(sizes[rows])}", file=sys.stderr, flush=True)
    Console().print(table(sizes))


if __name__ == "__main__":
    main()
