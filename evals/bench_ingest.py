"""What ingestion costs: time, memory, and how both grow.

    python -m evals.bench_ingest --passages 1000 10000
    python -m evals.bench_ingest --passages 10000 100000 --embedder fake
    python -m evals.bench_ingest --passages 1000 --peers

Documents are generated out of the corpus (see `evals.generated`). Each size, and each
peer, runs in a process of its own. Texts, tokens and recall stand beside the seconds
because speed can be bought by leaving text out: our pipeline embeds every sentence by
itself with its title, llama-index embeds chunks of some 1,024 tokens of which the model
reads the first 512, txtai embeds paragraphs.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.bench_embedders import Kind
from evals.bench_peers import PEERS, Questions, peer_of
from evals.bench_runs import Ours, Run, in_fresh_process, ours_of
from evals.generated import Generated, Material, generate, read_material

_SEED = 5
_QUESTIONS = 100
_QUESTION_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The runs over one number of passages; `peers` is empty when none were asked for."""

    passages: int
    ours: Ours
    peers: tuple[Run, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, those that are worked out included."""
        ours = [self.ours.first, self.ours.unchanged, self.ours.one_changed]
        return {
            "passages": self.passages,
            "quarantined": self.ours.quarantined,
            "runs": [
                {
                    **asdict(run),
                    "outside": run.outside,
                    "share": run.share,
                    "times_ours": run.seconds / self.ours.first.seconds,
                }
                for run in (*ours, *self.peers)
            ],
        }


def questions(generated: Generated) -> list[tuple[str, str]]:
    """A piece of a sentence of each of at most 100 documents, and the document's id."""
    random = Random(_SEED)  # noqa: S311
    long = [pair for pair in generated.sentences if len(pair[0]) > _QUESTION_LENGTH]
    drawn = random.sample(long, min(_QUESTIONS, len(long)))
    starts = [random.randrange(len(text) - _QUESTION_LENGTH) for text, _ in drawn]
    return [
        (text[start : start + _QUESTION_LENGTH], name)
        for start, (text, name) in zip(starts, drawn, strict=True)
    ]


def bench(material: Material, passages: int, kind: Kind, *, peers: bool) -> Size:
    """Generates documents and runs our pipeline, and the peers, over them."""
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as name:
        folder, home = Path(name, "documents"), Path(name, "home")
        made = generate(material, folder, passages)
        asked: Questions = questions(made) if peers else ()
        first = in_fresh_process(ours_of, kind, folder, home, made.characters, asked)
        others = [
            in_fresh_process(peer_of, peer, kind, folder, asked)
            for peer in (PEERS if peers else ())
        ]
    return Size(passages=made.passages, ours=first, peers=tuple(others))


def slope(sizes: Sequence[Size], what: str) -> float:
    """Exponent b of y = a·xᵇ through the smallest and the largest size; 1 is linear."""
    small, large = sizes[0], sizes[-1]
    ratio = getattr(large.ours.first, what) / getattr(small.ours.first, what)
    return math.log(ratio) / math.log(large.passages / small.passages)


def slopes(sizes: Sequence[Size]) -> dict[str, float]:
    """How time outside the embedder (wall) and memory grow; empty for a single size."""
    if len({size.passages for size in sizes}) < 2:
        return {}
    ordered = sorted(sizes, key=lambda size: size.passages)
    return {what: slope(ordered, what) for what in ("outside", "peak")}


def as_table(sizes: Sequence[Size]) -> Table:
    """A row for each run."""
    table = Table(
        "run", "documents", "pieces", "texts", "tokens", "characters", "s", "s CPU", "/ ours",
        "pieces/s", "s outside", "share outside", "peak MiB", "recall@5",
    )  # fmt: skip
    for size in sizes:
        ours = size.ours
        for run in (ours.first, ours.unchanged, ours.one_changed, *size.peers):
            table.add_row(
                run.name,
                f"{run.documents:,}",
                f"{run.pieces:,}",
                f"{run.texts:,}",
                "" if run.tokens is None else f"{run.tokens:,}",
                f"{run.indexed:,}" if run.indexed else "",
                f"{run.seconds:.1f}",
                f"{run.cpu:.1f}",
                f"{run.seconds / ours.first.seconds:.3f}",
                f"{run.pieces / run.seconds:,.0f}",
                f"{run.outside:.1f}",
                f"{run.share:.1%}",
                f"{run.peak:,.0f}",
                "" if run.recall is None else f"{run.recall:.2f}",
            )
        table.add_section()
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmark as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_ingest", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--passages", type=int, nargs="+", default=[1000])
    parser.add_argument("--embedder", choices=["real", "fake"], default="real")
    parser.add_argument("--peers", action="store_true", help="also llama-index and txtai")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args(arguments)
    material = read_material(given.corpus)
    sizes = [bench(material, n, given.embedder, peers=given.peers) for n in given.passages]
    found = slopes(sizes)
    if given.json:
        value = {"embedder": given.embedder, "slopes": found, "sizes": [s.as_json() for s in sizes]}
        print(json.dumps(value, ensure_ascii=False))
        return
    console = Console(width=180)
    console.print(as_table(sizes))
    for what, exponent in found.items():
        console.print(f"{what} grows with the passages to the power of {exponent:.2f}")


if __name__ == "__main__":
    main()
