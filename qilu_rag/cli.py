"""The command line. Its forms are stable: scripts of users depend on them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from qilu_rag import __version__
from qilu_rag.assistant import Assistant, build
from qilu_rag.batch import answer_line, moderate_line, run_batch
from qilu_rag.cli_corpus import corpus_app
from qilu_rag.cli_eval import eval_app
from qilu_rag.cli_ingest import ingest, quarantine_app, snapshots_app
from qilu_rag.cli_models import models_app
from qilu_rag.cli_search import locate, search
from qilu_rag.config import load_settings
from qilu_rag.doctor import diagnose
from qilu_rag.errors import InputError, QiluError
from qilu_rag.progress import progress_bar
from qilu_rag.render import ambiguity_line, print_json, reply_json
from qilu_rag.types import Reply, Stage

app = typer.Typer(
    name="qilu",
    help="Ask, search and feed a knowledge base of Shandong (齐鲁) culture.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(corpus_app, name="corpus")
app.add_typer(models_app, name="models")
app.add_typer(snapshots_app, name="snapshots")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(eval_app, name="eval")
app.command()(ingest)
app.command()(search)
app.command()(locate)

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Batch = Annotated[
    Path | None, typer.Option("--batch", help="A .jsonl file with one request a line.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Where the answers of --batch go.")]


def _version(wanted: bool) -> None:
    if wanted:
        _out.print(f"qilu_rag {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Folder of snapshots, review database, quarantine.")
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Reads the settings."""
    context.obj = load_settings(home=home)


@contextmanager
def _assistant(context: typer.Context) -> Iterator[Assistant]:
    with build(context.obj) as assistant:
        yield assistant


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str | None, typer.Argument(help="What to ask.")] = None,
    as_json: AsJson = False,
    batch: Batch = None,
    out: Out = None,
) -> None:
    """Ask a question."""
    with _assistant(context) as assistant:
        if batch is not None or question is None:
            _batch(batch, out, question, answer_line(assistant))
            return
        reply = None
        shown = ""
        for reply in assistant.ask(question):
            if not as_json and reply.answer.startswith(shown):
                _out.print(reply.answer[len(shown) :], end="", markup=False, soft_wrap=True)
                shown = reply.answer
        if reply is None:
            raise InputError("there was no reply; see: qilu doctor")
        if as_json:
            print_json(reply_json(reply))
        else:
            _show_reply(reply, shown)


@app.command()
def moderate(
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="What to screen.")] = None,
    stage: Annotated[str, typer.Option(help="input, output or document.")] = "input",
    as_json: AsJson = False,
    batch: Batch = None,
    out: Out = None,
) -> None:
    """Screen a text."""
    known = _stage(stage)
    gate = _gate(context)
    answer = moderate_line(gate, known)
    if batch is not None or text is None:
        _batch(batch, out, text, answer)
        return
    value = answer({"text": text})
    if as_json:
        print_json(value)
        return
    _out.print(f"{value['action']}: {value['text']}", markup=False, soft_wrap=True)
    for finding in value["findings"]:
        _out.print(f"  {finding['level']} {finding['category']} ({finding['rule']})", markup=False)


@app.command()
def doctor(context: typer.Context) -> None:
    """Tell what is there and what is missing, with the mend."""
    table = Table("", "what", "state", "mend")
    findings = diagnose(context.obj)
    for finding in findings:
        cells = (finding.what, finding.state, finding.mend)
        table.add_row("ok" if finding.ok else "!!", *map(escape, cells))
    _out.print(table)
    if not all(finding.ok or finding.optional for finding in findings):
        raise typer.Exit(1)


def _stage(value: str) -> Stage:
    for stage in ("input", "output", "document"):
        if value == stage:
            return stage
    raise InputError(f"no stage {value!r}; there are: input output document")


def _gate(context: typer.Context) -> Any:
    from qilu_rag.moderation import build_gate

    return build_gate(context.obj.home / "review.sqlite")


def _batch(
    batch: Path | None,
    out: Path | None,
    single: str | None,
    answer: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    if batch is None or out is None or single is not None:
        raise InputError("give either one text, or --batch IN.jsonl with --out OUT.jsonl")
    with progress_bar(_err) as progress:
        done = run_batch(batch, out, answer, progress)
    _err.print(f"{done} lines answered, {out}", soft_wrap=True)


def _show_reply(reply: Reply, shown: str) -> None:
    if shown != reply.answer:  # a block took back what had been shown
        _out.print(f"\n{reply.answer}", markup=False, soft_wrap=True)
    else:
        _out.print()
    for citation in reply.citations:
        hit = citation.hit
        _out.print(f"[{citation.n}] {hit.entry.title} · {hit.passage.locator}", markup=False)
    if reply.status == "refused" and reply.sources:
        titles = dict.fromkeys(hit.entry.title for hit in reply.sources)
        near = "相近条目：" if reply.language == "zh" else "Nearest entries: "
        _out.print(near + "、".join(titles), markup=False)
    for ambiguity in reply.ambiguous:
        _out.print(ambiguity_line(ambiguity, reply.language), markup=False, soft_wrap=True)
    _out.print(f"（{reply.label}）", style="dim", markup=False)


def main() -> None:
    """Runs the command line; what can be said in a sentence is, on standard error."""
    # An argument that is not UTF-8 arrives as half surrogate pairs, which can't be printed.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except QiluError as error:
        _err.print(f"qilu: {error}", markup=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except BrokenPipeError:
        sys.exit(1)
