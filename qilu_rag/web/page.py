"""The page as a whole: header, tabs, the notice that stays in sight, and how it is served."""

from __future__ import annotations

import socket
import sys
from importlib.resources import files

import gradio as gr

from qilu_rag.assistant import Assistant
from qilu_rag.errors import ConfigError
from qilu_rag.moderation.label import NOTICE
from qilu_rag.web.chat import Chat
from qilu_rag.web.render import plain

TITLE = "齐鲁文化知识库"

_HEADER = (
    '<header class="masthead"><span class="seal" aria-hidden="true">齐<br>鲁</span>'
    f"<div><h1>{TITLE}</h1>"
    '<p lang="en">Qilu, the culture of Shandong, in questions and answers</p></div></header>'
)

_NOTICE = (
    '<div class="notice" role="note">'
    f"<span>{plain(NOTICE['zh'])}</span> "
    f'<span lang="en">{plain(NOTICE["en"])}</span></div>'
)


def build_page(assistant: Assistant) -> gr.Blocks:
    """The page; nothing on it does more than the assistant's methods."""
    page: gr.Blocks = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        gr.HTML(_HEADER, js_on_load=None, apply_default_css=False)
        with gr.Tabs(elem_id="tabs"), gr.Tab("问答"):
            Chat(assistant)
        gr.HTML(_NOTICE, js_on_load=None, apply_default_css=False, elem_id="notice")
    return page


def launch(page: gr.Blocks, *, host: str, port: int) -> str:
    """Serves a page with our looks, and nothing from any other host, until it is closed.

    Args:
        page: what `build_page` made.
        host: address to listen at.
        port: 0 takes any that is free.

    Returns:
        The address that the page is served at.

    Raises:
        ConfigError: when the address can't be listened at.
    """
    _, url, _ = page.launch(
        server_name=host,
        server_port=_available(host, port),
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        run_history=False,
        max_file_size=1,
        theme=_theme(),
        head=_head(),
    )
    return str(url)


def serve(assistant: Assistant) -> None:
    """Serves the page of an assistant, where its settings say, until Ctrl-C.

    Raises:
        ConfigError: when the address can't be listened at.
    """
    web = assistant.settings.web
    page = build_page(assistant)
    url = launch(page, host=web.host, port=web.port)
    sys.stdout.write(f"{TITLE}: {url}\n")
    sys.stdout.flush()
    page.block_thread()


def _theme() -> gr.themes.Base:
    # Only fonts that the reader's machine has: Gradio's own would be fetched from a host.
    sans = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei")
    mono = ("ui-monospace", "monospace")
    return gr.themes.Base(
        font=[gr.themes.Font(name) for name in ("system-ui", *sans, "sans-serif")],
        font_mono=[gr.themes.Font(name) for name in mono],
    ).set(
        body_background_fill="#f7f3ea",
        body_background_fill_dark="#171614",
        body_text_color="#26221c",
        body_text_color_dark="#ece5d8",
    )


def _head() -> str:
    # In the head and not as Gradio's css, which rewrites every rule to its own liking.
    folder = files("qilu_rag.web")
    style = folder.joinpath("style.css").read_text("utf-8")
    script = folder.joinpath("page.js").read_text("utf-8")
    return f"<style>{style}</style><script>{script}</script>"


def _available(host: str, port: int) -> int:
    # Gradio would look at the port alone, and let the server die in its thread.
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"can't serve at {host} port {port} ({error}); set QILU_WEB__HOST or QILU_WEB__PORT"
        ) from error
