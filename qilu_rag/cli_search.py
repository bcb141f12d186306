"""`qilu search` and `qilu locate`: passages for readers, researchers and scripts."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

from qilu_rag.assistant import build
from qilu_rag.batch import run_batch, search_line
from qilu_rag.errors import InputError
from qilu_rag.progress import progress_bar
from qilu_rag.render import ambiguity_line, found_json, hit_json, located_json, print_json
from qilu_rag.text.when import span_of
from qilu_rag.types import (
    CATEGORY_NAMES,
    Category,
    Filters,
    Hit,
    Kind,
    Origin,
    Query,
    ReviewState,
    Sort,
)

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def search(  # noqa: PLR0913, PLR0917 (the options of a command)
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    category: Annotated[
        Category | None, typer.Option(help="One of: " + " ".join(CATEGORY_NAMES))
    ] = None,
    city: Annotated[str | None, typer.Option(help="Such as 济宁.")] = None,
    county: Annotated[str | None, typer.Option(help="Such as 曲阜.")] = None,
    years: Annotated[
        str | None, typer.Option(help="Such as 明代, 万历三十年, -500..-400 or 1937.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="What the entry is about.")] = None,
    origin: Annotated[Origin | None, typer.Option(help="Where the text comes from.")] = None,
    review: Annotated[ReviewState | None, typer.Option(help="How far people have seen it.")] = None,
    sort: Annotated[Sort, typer.Option(help="The order of what is found.")] = "relevance",
    boolean: Annotated[
        bool, typer.Option("--boolean", help='"…" AND (… OR …) NOT … title:…, exactly.')
    ] = False,
    facets: Annotated[
        bool, typer.Option("--facets", help="Count entries by category, place, era and so on.")
    ] = False,
    as_json: AsJson = False,
    batch: Annotated[
        Path | None, typer.Option("--batch", help="A .jsonl file with one request a line.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the hits of it go.")] = None,
) -> None:
    """Find passages."""
    filters = Filters(
        category=category,
        city=city,
        county=county,
        years=None if years is None else _years(years),
        kind=kind,
        origin=origin,
        review=review,
    )
    plain = sort == "relevance" and not boolean and not facets
    if batch is not None or query is None:
        if batch is None or out is None or query is not None or not plain:
            raise InputError(
                "give either one text, or --batch IN.jsonl with --out OUT.jsonl and "
                "without --sort, --boolean and --facets"
            )
        with build(context.obj) as assistant, progress_bar(_err) as progress:
            done = run_batch(batch, out, search_line(assistant, k=k, filters=filters), progress)
        _err.print(f"{done} lines answered, {out}", soft_wrap=True)
        return
    with build(context.obj) as assistant:
        started = perf_counter()
        found = assistant.find(
            query, k=k, filters=filters, sort=sort, boolean=boolean, facets=facets
        )
        ms = (perf_counter() - started) * 1000
        if found.hint:
            _err.print(f"qilu: {found.hint}", markup=False, soft_wrap=True)
        if as_json:
            print_json(found_json(query, found, ms))
            return
        if not boolean:
            _show_understood(found.query)
        _show_hits(found.hits)
        if found.total is not None:
            _out.print(f"共 {found.total} 个段落，列出 {len(found.hits)} 个", style="dim")
        for name, values in found.facets.items():
            counts = "  ".join(f"{value} {count}" for value, count in list(values.items())[:12])
            _out.print(f"{name}: {counts}", markup=False, soft_wrap=True)


def locate(
    context: typer.Context,
    quotation: Annotated[str, typer.Argument(help="As it is given; …… for words left out.")],
    work: Annotated[str | None, typer.Option(help="Such as 论语; all without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find where a quotation stands in the original texts."""
    with build(context.obj) as assistant:
        search = assistant.locate(quotation, work)
    if as_json:
        print_json(located_json(quotation, search))
        return
    titles = "、".join(entry.title for entry in search.works)
    if not any(place.exact for place in search.found):
        near = "；相近的有：" if search.found else "。"
        _out.print(f"{titles}中没有这句话{near}", markup=False, soft_wrap=True)
    for place in search.found:
        _out.print(f"{place.locator}  {place.likeness:.2f}", style="bold", markup=False)
        _out.print(place.text, markup=False, soft_wrap=True)


def _years(text: str) -> tuple[int, int]:
    span = span_of(text)
    if span is None:
        raise InputError(
            f"--years {text!r} tells no time; write 明代, 万历三十年, 1937, 1368..1644 or -500..-400"
        )
    return span


def _show_understood(understood: Query) -> None:
    """What was searched where it is not what was typed, and which names are unclear."""
    if understood.text != understood.asked:
        _out.print(f"检索：{understood.text}", style="dim", markup=False, soft_wrap=True)
    for ambiguity in understood.ambiguous:
        _out.print(ambiguity_line(ambiguity), style="dim", markup=False, soft_wrap=True)


def _show_hits(hits: list[Hit]) -> None:
    for number, hit in enumerate(hits, start=1):
        value = hit_json(hit)
        head = f"[{number}] {value['title']} · {value['locator']}  {value['score']:.3f}"
        _out.print(head, style="bold", markup=False, soft_wrap=True)
        _out.print(value["text"], markup=False, soft_wrap=True)
