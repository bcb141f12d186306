"""app.py: what it says when it can't start."""

from __future__ import annotations

import asyncio
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


def test_wrong_setting_is_one_sentence(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QILU_NOPE", "1")
    assert app.main() == 1
    said = capsys.readouterr().err
    assert "QILU_NOPE" in said
    assert said.count("\n") == 1


def launch_bare_page(host: str, port: int) -> str:
    """Launches inside an event loop: outside of one, Gradio makes loops and leaves them open."""
    import gradio as gr

    from qilu_rag.web.page import launch

    async def start() -> str:
        with gr.Blocks(analytics_enabled=False) as page:
            gr.HTML("")
        return launch(page, host=host, port=port)

    return asyncio.run(start())


def test_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="QILU_WEB__PORT"):
            launch_bare_page("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize("port", [0, 7861])
def test_host_that_is_not_ours_is_one_sentence(port: int) -> None:
    with pytest.raises(ConfigError, match="QILU_WEB__HOST"):
        launch_bare_page("192.0.2.1", port)
