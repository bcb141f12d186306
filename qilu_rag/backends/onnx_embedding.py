"""Embeddings by ONNX Runtime, out of a copy of the model with 8-bit weights."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from qilu_rag.backends.model_files import file_sha256, folder_sha256
from qilu_rag.backends.onnx_export import FACTS, NETWORK, TOKENIZER
from qilu_rag.errors import ModelCorrupt, ModelError, ModelMissing
from qilu_rag.ports import EmbedderIdentity, Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Export = Callable[[Path, Path], None]
"""Writes a sentence-transformers folder out into another, empty one."""

RECIPE = "onnx-int8/1"
"""Raised when the export's vectors change: an index that the old one made is refused then."""
_RECEIPT = "receipt.json"
_SCRATCH = ".export-"
_EXPORTERS = ("torch", "transformers", "sentence-transformers", "onnxruntime", "onnxscript")
_log = logging.getLogger(__name__)


class OnnxEmbedder:
    """See `ports.Embedder`. The copy is made at first use, once, and read at first use.

    Texts go through singly, one a core: nothing is padded, and the company of a text does
    not matter (see `onnx_export`). Safe to call from several threads.

    Args:
        source: a sentence-transformers folder.
        store: the folder that the copy is kept in.
        sha256: the source's checksum (`folder_sha256`) when it is known; read otherwise.
        export: makes the copy.

    Raises:
        ModelMissing: when the source is not there.
    """

    def __init__(
        self, source: Path, store: Path, *, sha256: str | None = None, export: Export | None = None
    ) -> None:
        if not (source / "modules.json").is_file():
            raise ModelMissing(
                f"{source} is not a sentence-transformers folder; "
                "run: qilu models pull, or set QILU_EMBEDDING__PATH"
            )
        self.source = source
        self._store = store
        self._known = sha256
        self._export = export or export_apart
        self._lock = Lock()

    @cached_property
    def _sha256(self) -> str:
        return self._known or folder_sha256(self.source)

    def prepare(self) -> Path:
        """The folder of the copy; made when there is none, or not of this source, or damaged.

        Every file of it is read and compared each time, which takes a part of a second.

        Raises:
            ModelError: when the model can't be written out, or there is no room for it.
        """
        folder = self._store / f"{self.source.name}-{self._sha256[:8]}.onnx-int8"
        made_from = {
            "source": self._sha256,
            "recipe": RECIPE,
            "exporters": {name: version(name) for name in _EXPORTERS},
        }
        try:
            self._store.mkdir(parents=True, exist_ok=True)
            with FileLock(self._store / ".export.lock"):
                if not is_sound(folder, made_from):
                    self._make(folder, made_from)
        except OSError as error:
            raise ModelError(
                f"the fast copy of {self.source} can't be kept in {self._store} ({error}); "
                "make room, or set QILU_EMBEDDING__BACKEND=float32"
            ) from error
        return folder

    def _make(self, folder: Path, made_from: dict[str, Any]) -> None:
        _log.info("writing %s out for ONNX Runtime; this is done once", self.source.name)
        for left in self._store.glob(f"{_SCRATCH}*"):  # by a run that was killed
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=self._store, prefix=_SCRATCH) as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir()
            self._export(self.source, fresh)
            files = {path.name: file_sha256(path) for path in sorted(fresh.iterdir())}
            receipt = json.dumps({"made_from": made_from, "files": files}, indent=1)
            (fresh / _RECEIPT).write_text(receipt + "\n", "utf-8")
            for path in fresh.iterdir():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            if folder.exists():
                shutil.rmtree(folder)
            fresh.replace(folder)

    @cached_property
    def _loaded(self) -> tuple[InferenceSession, Tokenizer, EmbedderIdentity]:
        from onnxruntime import InferenceSession, SessionOptions
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf
        from tokenizers import Tokenizer

        folder = self.prepare()
        options = SessionOptions()
        # A core a text: two texts side by side are done in half the time, one text on two
        # cores is not, and threads that wait for work take the cores from the language model.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            facts = json.loads((folder / FACTS).read_text("utf-8"))
            session = InferenceSession(
                folder / NETWORK, options, providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            tokenizer.no_padding()
            tokenizer.enable_truncation(facts["most_tokens"])
            identity = EmbedderIdentity(
                name=f"{self.source.name} ({RECIPE})",
                sha256=hashlib.sha256(f"{RECIPE} {self._sha256}".encode()).hexdigest(),
                dimension=facts["dimension"],
                prompts=(facts["prompts"][0], facts["prompts"][1]),
            )
        except (OSError, ValueError, LookupError, Fail, InvalidGraph, InvalidProtobuf) as error:
            raise ModelCorrupt(
                f"the fast copy of the embedding model in {folder} can't be read; delete it"
            ) from error
        return session, tokenizer, identity

    def _open(self) -> tuple[InferenceSession, Tokenizer, EmbedderIdentity]:
        with self._lock:
            return self._loaded

    @property
    def identity(self) -> EmbedderIdentity:
        """Of the source and of the recipe: a copy that is made anew is the same embedder."""
        return self._open()[2]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        return self._embed(texts, self.identity.prompts[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, shape (texts, dimension)."""
        return self._embed(texts, self.identity.prompts[0])

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        session, tokenizer, identity = self._open()
        vectors = np.zeros((len(texts), identity.dimension), dtype=np.float32)

        def fill(row: int) -> None:
            # Tokens one text at a time as well: all those of a long book take gigabytes.
            ids = np.asarray([tokenizer.encode(prompt + texts[row]).ids], dtype=np.int64)
            vectors[row] = session.run(None, {"ids": ids})[0][0]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(fill, range(len(texts))))
        return vectors


def is_sound(folder: Path, made_from: dict[str, Any]) -> bool:
    """Whether the folder holds a whole copy, made of just this."""
    try:
        receipt = json.loads((folder / _RECEIPT).read_text("utf-8"))
        return bool(
            receipt["made_from"] == made_from
            and {FACTS, NETWORK, TOKENIZER} <= receipt["files"].keys()
            and all(file_sha256(folder / n) == held for n, held in receipt["files"].items())
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def export_apart(source: Path, target: Path) -> None:
    """Exports in a process of its own; see `onnx_export`.

    Raises:
        ModelError: with the exporter's last word.
    """
    command = [sys.executable, "-m", "qilu_rag.backends.onnx_export", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it was ended"])[-1]
        raise ModelError(
            f"the embedding model in {source} can't be written out for ONNX Runtime "
            f"({last}); set QILU_EMBEDDING__BACKEND=float32"
        )
