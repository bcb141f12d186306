"""Measured runs: what ingesting a folder costs, with the embedder's part told apart."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

from evals.bench_embedders import Kind, Measured, count_tokens, make_embedder
from qilu_rag.config import load_settings

T = TypeVar("T")

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run cost and what it took in.

    Attributes:
        pieces: passages or chunks.
        texts: that were embedded, of so many characters and so many of the model's tokens
            (None when they were not counted), cut where the model cuts them.
        seconds: from paths to an index that can be searched.
        cpu: processor seconds of the same, all threads together.
        embedding: wall seconds of these in the embedder.
        embedding_cpu: processor seconds of these in the embedder.
        peak: MiB of resident memory at the most, beyond what was held before the run, when
            the embedder was loaded and warm.
        indexed: characters of text that the index holds.
        recall: share of the sentences whose document was among the first 5 found, or None.
    """

    name: str
    documents: int = 0
    pieces: int = 0
    texts: int
    characters: int
    tokens: int | None = None
    seconds: float
    cpu: float
    embedding: float
    embedding_cpu: float
    peak: float
    indexed: int = 0
    recall: float | None = None

    @property
    def outside(self) -> float:
        """Wall seconds outside the embedder."""
        return self.seconds - self.embedding

    @property
    def share(self) -> float:
        """Share of the wall time that was spent outside the embedder, 0 to 1."""
        return self.outside / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our run from nothing, one where nothing changed and one where one document did."""

    first: Run
    unchanged: Run
    one_changed: Run
    quarantined: int


def in_fresh_process(function: Callable[..., T], *args: Any) -> T:
    """Calls a function in a process of its own, so that its peak of memory is its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def resident() -> float:
    """MiB of memory that the process holds."""
    fields = dict(line.split(":", 1) for line in _STATUS.read_text("utf-8").splitlines())
    return int(fields["VmRSS"].split()[0]) / 2**10


@contextmanager
def watched() -> Iterator[list[float]]:
    """Looks at the memory held every 5 ms; the list ends as [MiB before, MiB at the most].

    The system's own high-water mark can't be relied on: not every one lets it be reset.
    """
    gc.collect()  # what nobody holds any more must not leave in the middle of a run
    seen, over = [resident(), 0.0], Event()

    def look() -> None:
        while not over.wait(0.005):
            seen[1] = max(seen[1], resident())

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
        seen[1] = max(seen[1], resident())


def measure(name: str, embedder: Measured, call: Callable[[], T]) -> tuple[Run, T]:
    """Measures a call; what the run took in is for the caller to fill in."""
    texts, characters = embedder.texts, embedder.characters
    seconds, embedding_cpu = embedder.seconds, embedder.cpu
    with watched() as memory:
        started, cpu = time.perf_counter(), time.process_time()
        value = call()
        seconds_taken, cpu_taken = time.perf_counter() - started, time.process_time() - cpu
    run = Run(
        name=name,
        seconds=seconds_taken,
        cpu=cpu_taken,
        embedding=embedder.seconds - seconds,
        embedding_cpu=embedder.cpu - embedding_cpu,
        texts=embedder.texts - texts,
        characters=embedder.characters - characters,
        peak=memory[1] - memory[0],
    )
    return run, value


def ours(
    folder: Path,
    home: Path,
    embedder: Measured,
    characters: int,
    questions: Sequence[tuple[str, str]] = (),
) -> Ours:
    """Ingests a folder from nothing, again, and again with one document changed.

    Args:
        folder: the documents; the one that is changed is put back as it was.
        home: an empty folder.
        embedder: measures itself.
        characters: of text that the documents hold.
        questions: each a piece of a sentence and the id of the document that holds it.
    """
    from qilu_rag.assistant import build
    from qilu_rag.backends.fakes import FakeChat

    settings = load_settings(home=home, corpus=folder)
    with build(settings, embedder=embedder, chat=FakeChat()) as assistant:

        def ingest(name: str) -> tuple[Run, int]:
            run, report = measure(
                name, embedder, lambda: assistant.ingest([folder], lambda *_: None)
            )
            run = replace(run, documents=report.documents, pieces=report.passages)
            return run, len(report.quarantined)

        first, quarantined = ingest("qilu_rag")
        recall = recall_at_5(
            questions,
            lambda text: [hit.entry.id for hit in assistant.search(text, k=5)],
        )
        unchanged, _ = ingest("nothing changed")
        path = min(folder.rglob("*.md"))
        before = path.read_bytes()
        path.write_bytes(before + "这是新添的一句话。\n".encode())
        one_changed, _ = ingest("one document changed")
        path.write_bytes(before)
    return Ours(
        first=replace(first, indexed=characters, recall=recall),
        unchanged=unchanged,
        one_changed=one_changed,
        quarantined=quarantined,
    )


def recall_at_5(
    questions: Sequence[tuple[str, str]], find: Callable[[str], Sequence[str]]
) -> float | None:
    """Share of the questions whose document is among the first five found."""
    if not questions:
        return None
    return sum(wanted in find(text)[:5] for text, wanted in questions) / len(questions)


def ours_of(
    kind: Kind,
    folder: Path,
    home: Path,
    characters: int,
    questions: Sequence[tuple[str, str]] = (),
) -> Ours:
    """`ours` with an embedder made on the spot, to be called in a fresh process."""
    embedder = Measured(make_embedder(kind), keep=bool(questions))
    run = ours(folder, home, embedder, characters, questions)
    return replace(run, first=replace(run.first, tokens=count_tokens(kind, embedder)))
