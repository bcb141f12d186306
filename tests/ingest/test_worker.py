"""The worker: what a hostile file does there, it does to itself alone."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError, QiluError
from qilu_rag.ingest.formats.pdf import read_pdf
from qilu_rag.ingest.worker import Worker

LIMITS = IngestSettings(max_seconds=1, max_reader_bytes=2**28)
HEAVY = "torch transformers sentence_transformers llama_index gradio onnxruntime faiss"
PARENT = """
import os, sys, time
from qilu_rag.config import IngestSettings
from qilu_rag.ingest.worker import Worker
call = Worker(IngestSettings())
print(call(os.getpid, source="a"), flush=True)
call(time.sleep, 600, source="a")
"""


def refuse() -> None:
    raise DocumentError("a.pdf", "is broken")


def loop() -> None:
    while True:
        pass


def loop_in_c() -> None:
    ctypes.PyDLL(None).sleep(600)  # holds the interpreter's lock: no Python signal is heard


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hoard() -> int:
    return len(bytearray(2**29))


def stumble() -> None:
    raise KeyError("an inner error of a library")


def chatter() -> None:
    os.write(1, b"chatter")
    os.write(2, b"chatter")


def heavy() -> list[str]:
    return [name for name in HEAVY.split() if name in sys.modules]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(LIMITS) as call:
        yield call


def gone(pid: int, within: float = 10) -> bool:
    """Whether a process ends: it is no more, or waits only for its parent to look."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False


def test_it_is_another_process_and_stays(worker: Worker) -> None:
    first = worker(os.getpid, source="a.md")
    assert first != os.getpid()
    assert worker(os.getpid, source="b.md") == first


def test_errors_of_readers_come_out_as_they_are(worker: Worker) -> None:
    before = worker(os.getpid, source="a.pdf")
    with pytest.raises(DocumentError) as caught:
        worker(refuse, source="b.pdf")
    assert (caught.value.source, caught.value.reason) == ("a.pdf", "is broken")
    with pytest.raises(DocumentError, match="not a whole PDF"):
        worker(read_pdf, b"%PDF-1.7", "a.pdf", LIMITS, source="a.pdf")
    assert worker(os.getpid, source="a.pdf") == before


def test_errors_can_be_sent() -> None:
    error = pickle.loads(pickle.dumps(DocumentError("a.md", "one\n  two")))
    assert (str(error), error.source, error.reason) == ("a.md: one two", "a.md", "one two")
    assert len(DocumentError("a.md", "长" * 9999).reason) == 500


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (loop, "took over 1 s to read; split it or raise QILU_INGEST__MAX_SECONDS"),
        (loop_in_c, "took over 1 s to read; split it or raise QILU_INGEST__MAX_SECONDS"),
        (crash, "brought its reader down; export it again"),
        (stumble, "brought its reader down; export it again"),
        (
            hoard,
            "took over 268,435,456 bytes of memory to read; "
            "split it or raise QILU_INGEST__MAX_READER_BYTES",
        ),
    ],
)
def test_what_a_hostile_file_does(worker: Worker, function: object, reason: str) -> None:
    assert callable(function)
    before = worker(os.getpid, source="a.pdf")
    with pytest.raises(DocumentError) as caught:
        worker(function, source="b.pdf")
    assert (caught.value.source, caught.value.reason) == ("b.pdf", reason)
    assert gone(before)
    assert worker(os.getpid, source="c.pdf") != before


def test_killed_while_idle(worker: Worker) -> None:
    before = worker(os.getpid, source="a.pdf")
    os.kill(before, signal.SIGKILL)
    time.sleep(0.3)
    assert worker(os.getpid, source="a.pdf") != before


def test_it_loads_no_models(worker: Worker) -> None:
    assert worker(heavy, source="a.md") == []


def test_libraries_chatter_unheard(worker: Worker, capfd: pytest.CaptureFixture[str]) -> None:
    worker(chatter, source="a.md")
    assert capfd.readouterr() == ("", "")


def test_it_starts_when_called_and_ends_with_the_block() -> None:
    with Worker(LIMITS) as call:
        assert call._pool is None
        pid = call(os.getpid, source="a.md")
    assert gone(pid)


def test_a_process_that_can_not_start_is_no_fault_of_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("multiprocessing.spawn._python_exe", b"/bin/false")
    with Worker(LIMITS) as call, pytest.raises(QiluError, match="can't be started") as caught:
        call(os.getpid, source="a.md")
    assert not isinstance(caught.value, DocumentError)


def test_no_orphan_is_left_when_the_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid, within=0.1)
        parent.kill()
    assert gone(pid)
