"""llama.cpp's own server inside this process, on a free loopback port."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import httpx

from qilu_rag.errors import ChatError, ModelMissing

if TYPE_CHECKING:
    import xllamacpp


_SETTLE_SECONDS = 60.0
_PROMPT_CACHE = 256
"""MiB for prompts of the past; the server's own 8192 would fill a small machine in a day."""


class LocalServer:
    """A server for one GGUF file, started at first use and shared by all callers.

    Args:
        path: gives the GGUF file, verified by whoever hands it in; called at the start.
        context: window in tokens.
        threads: 0 takes the machine's cores.
    """

    def __init__(self, path: Callable[[], Path], *, context: int, threads: int) -> None:
        self._path = path
        self._context = context
        self._threads = threads or os.cpu_count() or 2
        self._lock = Lock()
        self._server: xllamacpp.Server | None = None
        self.key = secrets.token_urlsafe(24)

    def url(self) -> str:
        """The OpenAI-compatible base URL; starts the server (some 5 s) when it is not up.

        Raises:
            ModelMissing: when the model's file is not there.
            ChatError: when the model can't be loaded.
        """
        with self._lock:
            if self._server is None:
                self._server = self._start()
            return f"{self._server.listening_address}/v1"

    def _start(self) -> xllamacpp.Server:
        import xllamacpp

        path = self._path()
        if not path.is_file():
            raise ModelMissing(f"there is no model file {path}; see QILU_CHAT__PATH")
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.api_keys = [self.key]  # other users of the machine stay out
        parameters.cors_origins = "localhost"
        parameters.ui = False
        parameters.offline = True
        parameters.endpoint_slots = False
        parameters.verbosity = 0
        parameters.n_ctx = self._context
        parameters.cache_ram_mib = _PROMPT_CACHE
        parameters.n_parallel = 1  # two answers at a time would each take twice as long
        parameters.cpuparams.n_threads = self._threads
        parameters.cpuparams_batch.n_threads = self._threads
        try:
            server = xllamacpp.Server(parameters)
            self._settle(server)
        except (RuntimeError, ValueError, httpx.HTTPError) as error:
            raise ChatError(f"the language model {path} can't be loaded: {error}") from error
        return server

    def _settle(self, server: xllamacpp.Server) -> None:
        """Has one token written: a server that is closed before its loop runs waits for ever."""
        httpx.post(
            f"{server.listening_address}/completion",
            json={"prompt": "泰", "n_predict": 1},
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=_SETTLE_SECONDS,
        ).raise_for_status()

    def close(self) -> None:
        """Stops the server; safe to call twice."""
        with self._lock:
            self._server = None
