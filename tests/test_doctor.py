"""The doctor: each thing that is missing has a row and a mend."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from qilu_rag import doctor
from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.config import ChatSettings, EmbeddingSettings, IngestSettings, Settings
from qilu_rag.doctor import Check, diagnose
from qilu_rag.ingest.pipeline import Pipeline
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.types import Verdict


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real packages take seconds to import."""
    monkeypatch.setattr(doctor, "_PACKAGES", ("json", "no_such_package_of_ours"))


def rows(tmp_path: Path, **given: Any) -> dict[str, Check]:
    settings = Settings(home=tmp_path / "home", models=tmp_path / "models" / "deep", **given)
    return {check.what: check for check in diagnose(settings)}


def test_a_bare_machine(tmp_path: Path) -> None:
    found = rows(tmp_path)
    assert found["Python"].ok
    assert found["json"].ok
    missing = found["no_such_package_of_ours"]
    assert (missing.ok, missing.mend) == (False, "make setup")
    assert (found["embedding model"].ok, found["embedding model"].optional) == (False, False)
    assert (found["chat model"].ok, found["chat model"].optional) == (False, True)
    assert found["embedding model"].mend == found["chat model"].mend == "qilu models pull"
    assert (found["index"].ok, found["index"].mend) == (False, "qilu ingest corpus")
    assert "chat endpoint" not in found
    assert not list(tmp_path.iterdir())


def test_what_is_wrong_has_a_mend(tmp_path: Path) -> None:
    for check in rows(tmp_path).values():
        assert check.state
        assert bool(check.mend) == (not check.ok)
        assert "\n" not in check.state + check.mend


def test_models_that_do_not_exist(tmp_path: Path) -> None:
    found = rows(
        tmp_path, embedding=EmbeddingSettings(model="none"), chat=ChatSettings(model="none")
    )
    assert "no embedding model 'none' in the manifest" in found["embedding model"].state
    assert "no chat model 'none' in the manifest" in found["chat model"].state


def test_models_of_ones_own(tmp_path: Path) -> None:
    settings = {
        "embedding": EmbeddingSettings(path=tmp_path / "own"),
        "chat": ChatSettings(path=tmp_path / "own.gguf"),
    }
    found = rows(tmp_path, **settings)
    assert (found["embedding model"].ok, found["chat model"].ok) == (False, False)
    assert found["chat model"].mend == "mend QILU_CHAT__PATH"
    (tmp_path / "own").mkdir()
    (tmp_path / "own.gguf").touch()
    found = rows(tmp_path, **settings)
    assert (found["embedding model"].ok, found["chat model"].ok) == (True, True)


def test_an_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def get(url: str, *, headers: dict[str, str], timeout: float) -> httpx.Response:
        asked.append((url, headers["Authorization"]))
        return httpx.Response(200 if "secret" in headers["Authorization"] else 401)

    monkeypatch.setattr(httpx, "get", get)
    good = ChatSettings(url="http://host:8000/v1/", key="secret")
    found = rows(tmp_path, chat=good)
    assert found["chat endpoint"].ok
    assert "chat model" not in found
    assert asked == [("http://host:8000/v1/models", "Bearer secret")]
    bad = rows(tmp_path, chat=good.model_copy(update={"key": "wrong"}))["chat endpoint"]
    assert not bad.ok
    assert "401" in bad.state
    assert "QILU_CHAT__KEY" in bad.mend


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/v1", "nowhere", "http://[", "http://\u2028/", ""])  # fmt: skip
def test_an_endpoint_that_is_not_there(tmp_path: Path, url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = rows(tmp_path, chat=ChatSettings(url=url.format(port=port)))["chat endpoint"]
    assert not found.ok
    assert found.optional


def test_a_key_that_no_header_holds(tmp_path: Path) -> None:
    chat = ChatSettings(url="http://127.0.0.1:9/v1", key="钥匙")
    assert not rows(tmp_path, chat=chat)["chat endpoint"].ok


def test_an_index(tmp_path: Path, corpus: Path) -> None:
    home = tmp_path / "home"
    store = SnapshotStore(home / "snapshots", FaissBackend(), TantivyBackend())
    pipeline = Pipeline(
        home=home,
        settings=IngestSettings(),
        store=store,
        embedder=FakeEmbedder(),
        screen=lambda text, _: Verdict(action="pass", text=text),
    )
    pipeline.run([corpus], lambda *_: None)
    index = rows(tmp_path)["index"]
    assert index.ok
    assert index.state.startswith("5 documents, ")
    current = store.current_id()
    assert current is not None
    (store.folder / current / "manifest.json").write_text("{")
    index = rows(tmp_path)["index"]
    assert not index.ok
    assert "is damaged" in index.state


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10**9})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    disk = rows(tmp_path)["disk"]
    assert not disk.ok
    assert disk.mend.startswith("free ")
    assert "QILU_MODELS" in disk.mend


def test_without_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    browser = rows(tmp_path)["chromium"]
    assert (browser.ok, browser.optional) == (False, True)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert rows(tmp_path)["chromium"].ok
