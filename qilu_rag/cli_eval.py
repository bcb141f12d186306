"""`qilu eval`: measures answers, and `qilu eval retrieval`: measures search alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from qilu_rag.assistant import build
from qilu_rag.errors import InputError
from qilu_rag.progress import progress_bar
from qilu_rag.render import print_json

eval_app = typer.Typer(
    help="Measure answers and citations, or with `retrieval` search alone.",
    invoke_without_command=True,
)

_CASES = Path("evals/cases")
_WIDTH = 140
"""Columns that the tables of five figures with their intervals need, in a pipe too."""

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

Cases = Annotated[Path, typer.Option(help="Folder of .jsonl cases.")]
Half = Annotated[str, typer.Option(help="dev, report or all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@eval_app.callback()
def evaluate(
    context: typer.Context,
    cases: Cases = _CASES,
    half: Half = "report",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only so many cases, drawn by a fixed seed.")
    ] = None,
    retrieval_only: Annotated[bool, typer.Option(help="Ask no language model.")] = False,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="Keep every reply, a line each.")] = None,
) -> None:
    """Measure retrieval, answers, citations, refusals and times over the cases."""
    if context.invoked_subcommand is not None:
        return
    from evals.run import evaluate as run

    with build(context.obj) as assistant, progress_bar(_err) as progress:
        report = run(
            assistant,
            cases,
            half=half,
            sample=sample,
            retrieval_only=retrieval_only,
            out=out,
            progress=progress,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _out.print(report.as_table())


@eval_app.command()
def retrieval(
    context: typer.Context,
    cases: Cases = _CASES,
    half: Half = "report",
    squad: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE: a set in SQuAD's form, searched for its paragraphs."),
    ] = None,
    questions: Annotated[int, typer.Option(min=1, help="At most so many of each set.")] = 800,
    compare: Annotated[
        bool, typer.Option(help="Run with each part off in turn, and the baselines.")
    ] = True,
    leaning: Annotated[
        bool, typer.Option(help="Ask the language model too whether the evidence answers.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="File that keeps the vectors of variants and sets.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure search: each part's worth, the time by stage, and plain baselines."""
    from evals.retrieval.report import measure_retrieval

    files = dict(_named(value) for value in squad or ())
    with build(context.obj) as assistant, progress_bar(_err) as progress:
        report = measure_retrieval(
            assistant,
            cases,
            half=half,
            squad=files,
            questions=questions,
            compare=compare,
            leaning=leaning,
            cache=cache or context.obj.home / "evals.sqlite",
            progress=progress,
        )
    if as_json:
        print_json(report.as_json())
    else:
        wide = Console(highlight=False, width=max(_WIDTH, _out.width))
        for table in report.tables():
            wide.print(table)


@eval_app.command()
def moderation(context: typer.Context, as_json: AsJson = False) -> None:
    """Measure the gate: personal data, variants, harmless sentences of the corpus, speed."""
    from evals.moderation.corpus import corpus_sentences
    from evals.moderation.measure import measure_moderation
    from qilu_rag.moderation import build_gate

    report = measure_moderation(build_gate(None), corpus_sentences(context.obj.corpus))
    if as_json:
        print_json(report.as_json())
    else:
        _out.print(report.as_table())


def _named(value: str) -> tuple[str, Path]:
    name, equals, path = value.partition("=")
    if not (name and equals and path):
        raise InputError(f"--squad {value!r} is not of the form NAME=FILE")
    return name, Path(path)
