"""The worker: a process in which readers run, so that a hostile file costs that file alone.

An endless loop, a crash inside a library or a memory bomb ends the worker; the next call
starts another. It starts with the first call and stays warm: a start costs some tenths of a
second, a call under a millisecond.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError, QiluError

if TYPE_CHECKING:
    from pebble import ProcessPool

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_START_SECONDS = 120.0
_log = logging.getLogger(__name__)


class Worker:
    """A `Call` that runs functions in a process of their own, one after the other.

    Functions, arguments and results must be picklable. The process is spawned, for a fork
    would copy the locks of running threads: a script that ingests needs its
    `if __name__ == "__main__":`.
    """

    def __init__(self, limits: IngestSettings) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def __call__(self, function: Callable[..., T], /, *args: Any, source: str) -> T:
        """Runs a function there.

        Raises:
            DocumentError: its own, or that it was stopped, or that it failed.
            QiluError: when no process can be started.
        """
        pool = self._started()
        future = pool.schedule(function, args=args, timeout=self._limits.max_seconds)
        try:
            return future.result()
        except DocumentError:
            raise
        except Exception as error:
            # The process died, or a library let an inner error through on a damaged file:
            # whatever it was, it must cost no other file.
            _log.info("the reader of %s failed", source, exc_info=error)
            self._stop()  # what is left of the process is not to be trusted
            raise DocumentError(source, self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        limits = self._limits
        if isinstance(error, TimeoutError):
            most, setting = f"{limits.max_seconds:g} s", "MAX_SECONDS"
        elif isinstance(error, MemoryError):
            most, setting = f"{limits.max_reader_bytes:,} bytes of memory", "MAX_READER_BYTES"
        else:
            return "brought its reader down; export it again"
        return f"took over {most} to read; split it or raise QILU_INGEST__{setting}"

    def _started(self) -> ProcessPool:
        from pebble import ProcessExpired, ProcessPool

        if self._pool is not None and not self._pool.active:
            self._stop()  # killed from outside while it was idle
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=1,
                initializer=_settle,
                initargs=(self._limits.max_reader_bytes, os.getpid()),
                context=multiprocessing.get_context("spawn"),
            )
            try:
                # A process that can't start must not be blamed on the first file.
                self._pool.schedule(os.getpid).result(timeout=_START_SECONDS)
            except (ProcessExpired, BrokenProcessPool, CancelledError, OSError) as error:
                self._stop()
                raise QiluError(
                    "the process that reads files can't be started; free some memory, and in "
                    'a script of your own ingest under `if __name__ == "__main__":`'
                ) from error
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None


def _settle(most_bytes: int, parent: int) -> None:
    """Bounds the process, ties it to its parent, and quietens its libraries."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # else a loop in C would not hear it
    if sys.platform == "linux":
        import resource

        # Data, not address space: libraries reserve far more of that than they use.
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before that
            os._exit(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
