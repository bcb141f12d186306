"""Measures the embedding backends side by side: speed, load time, memory.

    python -m evals.bench_embedding [--rounds 3] [--texts 64] [--corpus corpus]

The backends take turns in each round, so that whatever else the machine does weighs on
all of them. Load time and memory are taken in a fresh process each (on Linux). Processor
seconds stand beside the clock: they tell more where the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from qilu_rag.backends.embedders import make_embedder
from qilu_rag.config import Settings, load_settings
from qilu_rag.ports import Embedder
from qilu_rag.text.sentences import split_sentences

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BACKENDS = ("float32", "onnx-int8")
_LONG = 256
_SEED = 20


@dataclass(kw_only=True)
class Figures:
    """What was measured of one backend, a value each round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    work: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, texts: int, run: Callable[[], object]) -> None:
        """Times a run by the clock and by the processor, in texts a second."""
        clock, processor = time.perf_counter(), time.process_time()
        run()
        self.rates.setdefault(name, []).append(texts / (time.perf_counter() - clock))
        self.work.setdefault(name, []).append(texts / (time.process_time() - processor))


def settings_of(backend: str) -> Settings:
    """The settings in force, with another backend."""
    base = load_settings()
    return load_settings(embedding={**base.embedding.model_dump(), "backend": backend})


def probe(backend: str) -> dict[str, float]:
    """Seconds until the first vector, and the memory that this process then holds.

    Of /proc: the most that `resource` tells is handed down from the parent process.
    """
    started = time.perf_counter()
    make_embedder(settings_of(backend)).embed_queries(["孔子"])
    seconds = time.perf_counter() - started
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    held = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return {
        "load s": seconds,
        "resident MB": int(held["VmRSS"].split()[0]) / 1024,
        "peak MB": int(held["VmHWM"].split()[0]) / 1024,
    }


def read_sentences(folder: Path) -> list[str]:
    """The sentences of the corpus' entries, shuffled the same way each time."""
    found = []
    for path in sorted(folder.rglob("*.md")):
        body = path.read_text("utf-8").split("\n---\n", 1)[-1]
        found += [sentence for sentence in split_sentences(body) if len(sentence) > 12]
    Random(_SEED).shuffle(found)  # noqa: S311
    return found


def long_texts(sentences: Sequence[str], tokenizer: Tokenizer, count: int) -> list[str]:
    """Texts of about 256 tokens each, of whole sentences run together."""
    whole = "".join(sentences[: count * 12])
    # Offsets into the text: tokens that are decoded come back with spaces between them.
    starts = [start for start, _ in tokenizer.encode(whole, add_special_tokens=False).offsets]
    cuts = starts[:: _LONG - 8][: count + 1]  # room for the prompt and the marks
    return [whole[a:b] for a, b in pairwise(cuts)]


def measure(embedder: Embedder, figures: Figures, texts: dict[str, list[str]]) -> None:
    """One round of one backend."""
    for name in ("sentences/s", "256 tokens/s"):
        some = texts[name]
        figures.add(name, len(some), lambda some=some: embedder.embed_passages(some))  # type: ignore[misc]
    questions = texts["queries/s"]
    figures.add(
        "queries/s", len(questions), lambda: [embedder.embed_queries([q]) for q in questions]
    )


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=64, help="sentences a round")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--probe", choices=BACKENDS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.probe:
        print(json.dumps(probe(asked.probe)))
        return
    from tokenizers import Tokenizer

    embedders = {name: make_embedder(settings_of(name)) for name in BACKENDS}
    sentences = read_sentences(asked.corpus)
    tokenizer = Tokenizer.from_file(str(embedders["float32"].source / "tokenizer.json"))
    texts = {
        "sentences/s": sentences[: asked.texts],
        "256 tokens/s": long_texts(sentences, tokenizer, max(asked.texts // 4, 1)),
        "queries/s": [sentence[:14] for sentence in sentences[: asked.texts // 2]],
    }
    figures = {name: Figures() for name in BACKENDS}
    vectors = {
        name: embedder.embed_passages(texts["sentences/s"]) for name, embedder in embedders.items()
    }
    for _ in range(asked.rounds):
        for name, embedder in embedders.items():
            measure(embedder, figures[name], texts)
    loads = {name: fresh(name) for name in BACKENDS}
    cosines = (vectors["float32"] * vectors["onnx-int8"]).sum(axis=1)
    Console().print(table(figures, loads))
    print(
        f"cosine of a sentence's two vectors: mean {cosines.mean():.4f}, least {np.min(cosines):.4f}"
    )


def fresh(backend: str) -> dict[str, float]:
    """`probe` in a process of its own."""
    command = [sys.executable, "-m", "evals.bench_embedding", "--probe", backend]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def table(figures: dict[str, Figures], loads: dict[str, dict[str, float]]) -> Table:
    """A row a figure; the ratio is of the second backend to the first."""
    shown = Table("figure", *BACKENDS, "ratio")
    first, second = (figures[name] for name in BACKENDS)
    for name in first.rates:
        for label, a, b in (
            (f"{name}, clock", first.rates[name], second.rates[name]),
            (f"{name}, of a processor", first.work[name], second.work[name]),
        ):
            shown.add_row(
                label, f"{median(a):.1f}", f"{median(b):.1f}", f"{median(b) / median(a):.2f}"
            )
    for name in loads[BACKENDS[0]]:
        before, after = (loads[backend][name] for backend in BACKENDS)
        shown.add_row(name, f"{before:,.1f}", f"{after:,.1f}", f"{after / before:.2f}")
    return shown


if __name__ == "__main__":
    main()
