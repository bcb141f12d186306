"""app.py: what it says when it can't start."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from types import ModuleType

import pytest

from qilu_rag.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("app", ROOT / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_wrong_setting_is_one_sentence(app, monkeypatch, capsys):
    monkeypatch.setenv("QILU_NOPE", "1")
    assert app.main() == 1
    said = capsys.readouterr().err
    assert "QILU_NOPE" in said
    assert said.count("\n") == 1


def test_port_in_use_is_one_sentence():
    import gradio as gr

    from qilu_rag.web.page import launch

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            gr.Blocks(analytics_enabled=False) as page,
            pytest.raises(ConfigError, match="QILU_WEB__PORT"),
        ):
            launch(page, host="127.0.0.1", port=taken.getsockname()[1])


def test_host_that_is_not_ours_is_one_sentence():
    import gradio as gr

    from qilu_rag.web.page import launch

    with pytest.raises(ConfigError, match="QILU_WEB__HOST"):
        launch(gr.Blocks(analytics_enabled=False), host="192.0.2.1", port=0)
