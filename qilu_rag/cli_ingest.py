"""`qilu ingest`, `qilu snapshots` and `qilu quarantine`: what comes in, and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from qilu_rag.assistant import Assistant, build, open_store
from qilu_rag.errors import InputError
from qilu_rag.ingest.pipeline import QUARANTINE, IngestReport, Progress, locked
from qilu_rag.ingest.quarantine import Quarantine
from qilu_rag.ingest.records import Record
from qilu_rag.progress import progress_bar, progress_lines
from qilu_rag.render import print_json

QUARANTINED = 3
_SHOWN = 50
"""Lines of one kind that a person is shown."""

snapshots_app = typer.Typer(
    help="The snapshots: list, go back to one, delete old ones.", no_args_is_help=True
)
quarantine_app = typer.Typer(
    help="What could not be brought in: list it, try it again.", no_args_is_help=True
)

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object; progress as JSON on stderr.")
]


def ingest(context: typer.Context, paths: list[Path], as_json: AsJson = False) -> None:
    """Bring files or folders into the index."""
    _run(context, lambda assistant, progress: assistant.ingest(paths, progress), as_json)


@quarantine_app.command("retry")
def quarantine_retry(context: typer.Context, as_json: AsJson = False) -> None:
    """Ingest again what was set aside, once it is mended."""
    _run(context, lambda assistant, progress: assistant.retry(progress), as_json)


@quarantine_app.command("list")
def quarantine_list(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was set aside, with reason and time."""
    held = Quarantine(context.obj.home / QUARANTINE).held()
    if as_json:
        values = [{"source": h.source, "reason": h.reason, "time": h.time} for h in held]
        print_json({"quarantined": values})
        return
    for item in held:
        _out.print(f"{item.time}  {item.source}: {item.reason}", markup=False, soft_wrap=True)
    _out.print(f"{len(held)} set aside")


@snapshots_app.command("list")
def snapshots_list(context: typer.Context, as_json: AsJson = False) -> None:
    """List the snapshots, the newest last; a star marks the one in use."""
    store = open_store(context.obj)
    current = store.current_id()
    manifests = [store.manifest(name) for name in store.ids()]
    if as_json:
        print_json({"current": current, "snapshots": manifests})
        return
    for manifest in manifests:
        counts = manifest["counts"]
        mark = "*" if manifest["id"] == current else " "
        line = (
            f"{mark} {manifest['id']}  {counts['documents']:,} documents, "
            f"{counts['passages']:,} passages, by {manifest['embedder']['name']}"
        )
        _out.print(line, markup=False, soft_wrap=True)


@snapshots_app.command("rollback")
def snapshots_rollback(
    context: typer.Context,
    snapshot: Annotated[
        str | None, typer.Argument(help="Its id; the one before the one in use if not given.")
    ] = None,
) -> None:
    """Put an earlier snapshot in use; the next ingestion makes a new one as ever."""
    store = open_store(context.obj)
    with locked(context.obj.home):
        ids = store.ids()
        earlier = [name for name in ids if name < (store.current_id() or "")]
        wanted = snapshot or (earlier[-1] if earlier else None)
        if wanted is None:
            raise InputError("there is no snapshot before the one in use; see: qilu snapshots list")
        if wanted not in ids:
            raise InputError(f"there is no snapshot {wanted!r}; see: qilu snapshots list")
        store.contents(wanted)  # a damaged one is refused before anyone is pointed at it
        store.point_at(wanted)
    _out.print(f"in use: {wanted}", markup=False)


@snapshots_app.command("prune")
def snapshots_prune(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest stay.")] = 1,
) -> None:
    """Delete old snapshots, and what killed runs left; the one in use stays."""
    store = open_store(context.obj)
    with locked(context.obj.home):
        gone = store.prune(keep)
    _out.print(f"{len(gone)} deleted, {len(store.ids())} left")


def _run(
    context: typer.Context,
    work: Callable[[Assistant, Progress], IngestReport],
    as_json: bool,
) -> None:
    with build(context.obj) as assistant, _progress(as_json) as progress:
        report = work(assistant, progress)
    problems = [{"source": p.source, "reason": p.reason} for p in report.quarantined]
    duplicates = [{"source": r.source, "duplicate_of": r.duplicate_of} for r in report.duplicates]
    suggested = [{"source": r.source, "suggested": r.suggested} for r in report.suggested]
    if as_json:
        counts = ("snapshot", "changed", "documents", "passages", "embedded")
        lists = {"quarantined": problems, "duplicates": duplicates, "suggested": suggested}
        print_json({name: getattr(report, name) for name in counts} | lists)
    else:
        done = "new snapshot" if report.changed else "nothing changed, snapshot"
        _out.print(
            f"{done} {report.snapshot}: {report.documents} documents, "
            f"{report.passages} passages, {report.embedded} sentences embedded"
        )
        _tell("suggested", [f"{r.source}: {_suggestion(r)}" for r in report.suggested])
        repeats = [f"{r.source}: says what {r.duplicate_of} says" for r in report.duplicates]
        _tell("duplicate", repeats)
        _tell("quarantined", [f"{p['source']}: {p['reason']}" for p in problems])
    if problems:
        raise typer.Exit(QUARANTINED)


def _tell(what: str, lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        _err.print(f"{what:<11}  {line}", markup=False, soft_wrap=True)
    if len(lines) > _SHOWN:
        _err.print(f"{what:<11}  and {len(lines) - _SHOWN:,} more; see all with --json")


def _suggestion(record: Record) -> str:
    """What a machine would put into the front matter, and what that rests on."""
    given = dict(record.suggested or {})
    why = given.pop("why", {})
    parts = [
        f"{name} {', '.join(value) if isinstance(value, list | tuple) else value}"
        + (f" ({why[name]})" if name in why else "")
        for name, value in given.items()
    ]
    return "; ".join(parts)


@contextmanager
def _progress(as_json: bool) -> Iterator[Progress]:
    with progress_lines(sys.stderr) if as_json else progress_bar(_err) as progress:
        yield progress
