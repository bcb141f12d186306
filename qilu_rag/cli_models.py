"""`qilu models`: fetch, list and verify the models of the manifest."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from qilu_rag.backends.embedders import make_embedder
from qilu_rag.backends.manifest import load_manifest
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.backends.onnx_embedding import OnnxEmbedder
from qilu_rag.errors import ModelError
from qilu_rag.progress import progress_bar

models_app = typer.Typer(help="The models: fetch, list, verify.", no_args_is_help=True)

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


@models_app.command("list")
def models_list(context: typer.Context) -> None:
    """List the models of the manifest."""
    store = ModelStore(context.obj.models)
    table = Table("name", "purpose", "licence", "size", "state")
    for model in load_manifest().values():
        state = "there" if store.path(model).exists() else "missing"
        size = f"{model.bytes / 1e6:,.0f} MB"
        table.add_row(model.name, model.purpose, model.licence, size, state)
    _out.print(table)


@models_app.command("pull")
def models_pull(context: typer.Context) -> None:
    """Fetch and verify the models that are missing; make the fast copy of the embedder."""
    store = ModelStore(context.obj.models)
    for model in load_manifest().values():
        with progress_bar(_err, unit="bytes") as progress:
            path = store.pull(model, progress)
        _out.print(f"{model.name}: {path}", soft_wrap=True)
    embedder = make_embedder(context.obj)
    if isinstance(embedder, OnnxEmbedder):
        with _err.status("writing the embedding model out for ONNX Runtime; once, a minute or two"):
            path = embedder.prepare()
        _out.print(f"{path.name}: {path}", soft_wrap=True)


@models_app.command("verify")
def models_verify(context: typer.Context) -> None:
    """Read every model whole and compare its checksum."""
    store = ModelStore(context.obj.models)
    failed = False
    for model in load_manifest().values():
        try:
            store.verify(model)
            _out.print(f"{model.name}: as the manifest says")
        except ModelError as error:
            failed = True
            _err.print(str(error), markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)
