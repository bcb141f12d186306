"""`qilu doctor`: what is there, what is missing, and the mend."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import httpx

from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.manifest import find_model, load_manifest
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.config import Settings
from qilu_rag.errors import QiluError
from qilu_rag.ingest.snapshot import SnapshotStore

_PACKAGES = ("torch", "sentence_transformers", "faiss", "tantivy", "xllamacpp", "gradio", "pypdf")
_FREE_BYTES = 300 * 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the table."""

    what: str
    ok: bool
    state: str
    mend: str = ""
    optional: bool = False


def diagnose(settings: Settings) -> list[Check]:
    """Looks at everything that the assistant needs; reads no weights."""
    return [
        _python(),
        *_packages(),
        *_models(settings),
        *_endpoint(settings),
        _index(settings),
        _disk(settings),
        _browser(),
    ]


def _python() -> Check:
    ok = sys.version_info[:2] == (3, 11)
    return Check(
        what="Python", ok=ok, state=platform.python_version(), mend="" if ok else "use 3.11"
    )


def _packages() -> Iterator[Check]:
    for name in _PACKAGES:
        try:
            module = import_module(name)
        except ImportError as error:
            yield Check(what=name, ok=False, state=str(error), mend="make setup")
        else:
            yield Check(what=name, ok=True, state=str(getattr(module, "__version__", "there")))


def _models(settings: Settings) -> Iterator[Check]:
    store = ModelStore(settings.models)
    embedding, chat = settings.embedding, settings.chat
    wanted = [(embedding.model, embedding.path, "embedding", False)]
    if chat.url is None:
        wanted.append((chat.model, chat.path, "chat", True))
    for name, own, purpose, optional in wanted:
        if own is not None:
            yield Check(
                what=f"{purpose} model",
                ok=own.exists(),
                state=str(own) if own.exists() else f"{own} is not there",
                mend="" if own.exists() else f"mend QILU_{purpose.upper()}__PATH",
                optional=optional,
            )
            continue
        try:
            path = store.require(find_model(name, purpose))
        except QiluError as error:
            yield Check(
                what=f"{purpose} model",
                ok=False,
                state=str(error),
                mend="qilu models pull",
                optional=optional,
            )
        else:
            yield Check(what=f"{purpose} model", ok=True, state=str(path))


def _endpoint(settings: Settings) -> Iterator[Check]:
    if settings.chat.url is None:
        return
    try:
        code = httpx.get(
            f"{settings.chat.url.rstrip('/')}/models",
            headers={"Authorization": f"Bearer {settings.chat.key}"},
            timeout=5,
        ).status_code
        ok, state = code == httpx.codes.OK, f"{settings.chat.url} answers {code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        ok, state = False, f"{settings.chat.url}: {type(error).__name__}"
    mend = "" if ok else "start it, or mend QILU_CHAT__URL and QILU_CHAT__KEY"
    yield Check(what="chat endpoint", ok=ok, state=state, mend=mend, optional=True)


def _index(settings: Settings) -> Check:
    store = SnapshotStore(settings.home / "snapshots", FaissBackend(), TantivyBackend())
    mend = f"qilu ingest {settings.corpus}"
    current = store.current_id()
    if current is None:
        return Check(what="index", ok=False, state=f"none in {settings.home}", mend=mend)
    try:
        counts = store.manifest(current)["counts"]
    except QiluError as error:
        return Check(what="index", ok=False, state=str(error), mend=mend)
    state = f"{counts['documents']} documents, {counts['passages']} passages"
    return Check(what="index", ok=True, state=state)


def _disk(settings: Settings) -> Check:
    folder = settings.models
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = sum(
        2 * model.bytes
        for model in load_manifest().values()
        if not ModelStore(settings.models).path(model).exists()
    )
    ok = free > needed + _FREE_BYTES
    mend = "" if ok else f"free {(needed - free) / 1e9:.1f} GB, or set QILU_MODELS elsewhere"
    return Check(what="disk", ok=ok, state=f"{free / 1e9:.1f} GB free", mend=mend)


def _browser() -> Check:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    mend = "" if path else "apt-get install chromium (only tests of the page need it)"
    return Check(what="chromium", ok=bool(path), state=path or "none", mend=mend, optional=True)
