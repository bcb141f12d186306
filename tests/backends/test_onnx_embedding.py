"""The fast copy: made once, looked at each time, made anew when it is not as it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel

from qilu_rag.backends import onnx_embedding
from qilu_rag.backends.embedders import make_embedder
from qilu_rag.backends.embedding import SentenceTransformerEmbedder
from qilu_rag.backends.model_files import folder_sha256
from qilu_rag.backends.onnx_embedding import OnnxEmbedder, export_apart
from qilu_rag.backends.onnx_export import FACTS, NETWORK, TOKENIZER, _quantise
from qilu_rag.config import EmbeddingSettings, Settings
from qilu_rag.errors import ModelCorrupt, ModelError, ModelMissing

CHARACTERS = "泰山在东省孔子"
DIMENSION = 8


class TinyExport:
    """Writes a network that looks characters up and takes their mean; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.spoil: Callable[[Path], None] | None = None

    def __call__(self, source: Path, target: Path) -> None:
        self.calls += 1
        rows = np.random.default_rng(7).normal(size=(len(CHARACTERS) + 1, DIMENSION))
        graph = helper.make_graph(
            [
                helper.make_node("Gather", ["rows", "ids"], ["found"]),
                helper.make_node("ReduceMean", ["found", "axes"], ["mean"], keepdims=0),
                helper.make_node("LpNormalization", ["mean"], ["vectors"], axis=1, p=2),
            ],
            "tiny",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [1, DIMENSION])],
            [
                numpy_helper.from_array(rows.astype(np.float32), "rows"),
                numpy_helper.from_array(np.array([1]), "axes"),
            ],
        )
        opset = [helper.make_opsetid("", 20)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), target / NETWORK)
        vocabulary = {"[UNK]": 0} | {char: n for n, char in enumerate(CHARACTERS, start=1)}
        tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        tokenizer.save(str(target / TOKENIZER))
        facts = {"dimension": DIMENSION, "most_tokens": 4, "prompts": ["问", "文"]}
        (target / FACTS).write_text(json.dumps(facts), "utf-8")
        if self.spoil:
            self.spoil(target)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "modules.json").write_text("[]")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder


@pytest.fixture
def export() -> TinyExport:
    return TinyExport()


@pytest.fixture
def make(source: Path, tmp_path: Path, export: TinyExport) -> Callable[[], OnnxEmbedder]:
    return lambda: OnnxEmbedder(source, tmp_path / "models", export=export)


Make = Callable[[], OnnxEmbedder]


def test_it_is_made_at_first_use_and_once(make: Make, export: TinyExport, tmp_path: Path) -> None:
    embedder = make()
    assert export.calls == 0
    vectors = embedder.embed_passages(["泰山在山东省", "孔子"])
    assert vectors.shape == (2, DIMENSION)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(make().embed_passages(["泰山在山东省", "孔子"]), vectors)
    assert export.calls == 1
    # Nothing half made stays behind.
    assert {path.name for path in (tmp_path / "models").iterdir()} == {
        ".export.lock",
        embedder.prepare().name,
    }


def test_prompts_and_the_bound_on_tokens(make: Make) -> None:
    embedder = make()
    assert embedder.identity.prompts == ("问", "文")
    # "文" and three more characters are read, the rest is cut off.
    long, cut, other = embedder.embed_passages(["泰山在东省孔子", "泰山在", "泰山东"])
    assert np.array_equal(long, cut)
    assert not np.allclose(cut, other)
    assert embedder.embed_passages([]).shape == (0, DIMENSION)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, FACTS])
@pytest.mark.parametrize("harm", ["flip", "cut", "delete"])
def test_a_damaged_copy_is_made_anew(make: Make, export: TinyExport, name: str, harm: str) -> None:
    folder = make().prepare()
    before = make().embed_passages(["泰山"])
    path = folder / name
    data = path.read_bytes()
    if harm == "delete":
        path.unlink()
    else:
        path.write_bytes(data[:-3] if harm == "cut" else bytes([data[0] ^ 1]) + data[1:])
    assert np.array_equal(make().embed_passages(["泰山"]), before)
    assert path.read_bytes() == data
    assert export.calls == 2


@pytest.mark.parametrize("text", ["", "[]", "{", '{"made_from": 1}', '{"files": 1}', "\ud800"])
def test_a_damaged_receipt(make: Make, export: TinyExport, text: str) -> None:
    receipt = make().prepare() / "receipt.json"
    receipt.write_bytes(text.encode("utf-8", "surrogatepass"))
    make().prepare()
    assert export.calls == 2


def test_a_receipt_that_leaves_files_out_is_not_believed(make: Make, export: TinyExport) -> None:
    receipt = make().prepare() / "receipt.json"
    held = json.loads(receipt.read_text("utf-8"))
    receipt.write_text(json.dumps(held | {"files": {}}))
    make().prepare()
    assert export.calls == 2


def test_other_weights_make_another_copy_and_another_identity(
    make: Make, export: TinyExport, source: Path
) -> None:
    first = make()
    identity, folder = first.identity, first.prepare()
    (source / "1_Pooling" / "config.json").write_text("{ }")
    assert make().identity != identity
    assert make().prepare() != folder
    assert export.calls == 2


def test_another_exporter_makes_it_anew_and_stays_the_same_embedder(
    make: Make, export: TinyExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make().identity
    monkeypatch.setattr(onnx_embedding, "version", lambda name: "99.0")
    assert make().identity == before
    assert export.calls == 2


def test_another_recipe_is_another_embedder(
    make: Make, export: TinyExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = make().identity
    monkeypatch.setattr(onnx_embedding, "RECIPE", "onnx-int8/99")
    assert make().identity.sha256 != before.sha256
    assert export.calls == 2


def test_its_identity_is_not_that_of_the_model_as_it_is(make: Make, source: Path) -> None:
    assert make().identity.sha256 != folder_sha256(source)
    assert make().identity.name != source.name


def test_a_checksum_that_is_known_is_not_read_again(source: Path, export: TinyExport) -> None:
    known = folder_sha256(source)
    told = OnnxEmbedder(source, source.parent / "models", sha256=known, export=export)
    read = OnnxEmbedder(source, source.parent / "models", export=export)
    assert told.identity == read.identity
    wrong = OnnxEmbedder(source, source.parent / "models", sha256="0" * 64, export=export)
    assert wrong.identity != read.identity


def test_many_threads_make_one_copy(make: Make, export: TinyExport) -> None:
    embedder = make()
    texts = ["泰山", "孔子", "山东省", "在"] * 8
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: embedder.embed_queries([text])[0], texts))
    assert np.array_equal(np.stack(rows), embedder.embed_queries(texts))
    assert export.calls == 1


def test_a_copy_that_was_written_wrong(make: Make, export: TinyExport) -> None:
    def scribble(target: Path) -> None:
        (target / NETWORK).write_bytes(b"no network")

    export.spoil = scribble
    with pytest.raises(ModelCorrupt, match="can't be read; delete it"):
        make().embed_queries(["泰山"])


def test_an_export_that_fails_leaves_nothing(make: Make, export: TinyExport, tmp_path: Path) -> None:  # fmt: skip
    def fail(target: Path) -> None:
        raise ModelError("no")

    export.spoil = fail
    with pytest.raises(ModelError, match="no"):
        make().prepare()
    assert {path.name for path in (tmp_path / "models").iterdir()} == {".export.lock"}
    export.spoil = None
    assert make().prepare().is_dir()


def test_what_a_killed_run_left_is_cleared_away(make: Make, tmp_path: Path) -> None:
    left = tmp_path / "models" / ".export-abc" / "fresh"
    left.mkdir(parents=True)
    (left / NETWORK).write_bytes(b"half")
    assert make().prepare().is_dir()
    assert not left.parent.exists()


def test_a_store_that_is_no_folder(source: Path, export: TinyExport) -> None:
    store = source.parent / "file"
    store.write_text("")
    with pytest.raises(ModelError, match=r"can't be kept in .*BACKEND=float32"):
        OnnxEmbedder(source, store, export=export).prepare()


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="run: qilu models pull"):
        OnnxEmbedder(tmp_path, tmp_path)


def test_the_exporters_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho first >&2\necho 'ValueError: no such layer' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(ModelError) as caught:
        export_apart(tmp_path, tmp_path)
    assert "(ValueError: no such layer); set QILU_EMBEDDING__BACKEND=float32" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_matrices_become_integers_but_for_those_that_narrow(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    wide, narrow = (random.normal(size=s).astype(np.float32) for s in ((8, 32), (32, 8)))
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "wide"], ["middle"], name="up"),
            helper.make_node("MatMul", ["middle", "narrow"], ["y"], name="down"),
        ],
        "two",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [numpy_helper.from_array(wide, "wide"), numpy_helper.from_array(narrow, "narrow")],
    )
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), tmp_path / "whole")
    _quantise(tmp_path / "whole", tmp_path / "small")
    kinds = {w.name: w.data_type for w in onnx.load(tmp_path / "small").graph.initializer}
    assert kinds["wide_quantized"] == TensorProto.INT8
    assert kinds["narrow"] == TensorProto.FLOAT
    assert "narrow_quantized" not in kinds


@pytest.mark.parametrize(
    ("backend", "kind"), [("onnx-int8", OnnxEmbedder), ("float32", SentenceTransformerEmbedder)]
)
def test_the_settings_choose(source: Path, backend: str, kind: type) -> None:
    wanted = EmbeddingSettings.model_validate({"path": source, "backend": backend})
    made = make_embedder(Settings(models=source.parent / "models", embedding=wanted))
    assert type(made) is kind
