"""The E5S1 container: weights as a slow reader reads them, and nothing half read."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qilu_rag.backends.e5_format import convert, unpack
from qilu_rag.errors import ModelCorrupt

HIDDEN, LAYERS, HEADS, FFN, POSITIONS, TYPES = 32, 1, 2, 64, 16, 1
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁泰山", "山东", "▁mount", "在", "。"]
SCORES = [0.0, 0.0, 0.0, 0.0, -3.0, -1.0, -1.0, -1.5, -2.0, -2.0]


def slow_unpack(raw: bytes, elements: int) -> list[float]:
    """As the format is described: 18 bytes a block, low nibbles first."""
    weights: list[float] = []
    for at in range(0, len(raw), 18):
        (scale,) = struct.unpack_from("<e", raw, at)
        body = raw[at + 2 : at + 18]
        weights += [((byte & 15) - 8) * scale for byte in body]
        weights += [((byte >> 4) - 8) * scale for byte in body]
    return weights[:elements]


def quantised(elements: int, chance: np.random.Generator) -> bytes:
    blocks = -(-elements // 32)
    return b"".join(
        struct.pack("<e", float(chance.uniform(-0.1, 0.1))) + chance.bytes(16)
        for _ in range(blocks)
    )


def tensor_sizes() -> dict[str, int]:
    sizes = {
        "emb.word": len(PIECES) * HIDDEN,
        "emb.pos": POSITIONS * HIDDEN,
        "emb.type": TYPES * HIDDEN,
        "emb.ln.w": HIDDEN,
        "emb.ln.b": HIDDEN,
    }
    weights = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN),
               "ao": (HIDDEN, HIDDEN), "fi": (FFN, HIDDEN), "fo": (HIDDEN, FFN)}  # fmt: skip
    for layer in range(LAYERS):
        for short, (rows, columns) in weights.items():
            sizes[f"l{layer}.{short}.w"] = rows * columns
            sizes[f"l{layer}.{short}.b"] = rows
        for short in ("aln", "oln"):
            sizes[f"l{layer}.{short}.w"] = sizes[f"l{layer}.{short}.b"] = HIDDEN
    return sizes


def make_container(
    *, magic: bytes = b"E5S1", block: int = 32, leave_out: str = "", layers: int = LAYERS
) -> tuple[bytes, dict[str, list[float]]]:
    """A small model, and what its weights are."""
    chance = np.random.default_rng(5)
    head = magic + struct.pack(
        "<I7if", 1, HIDDEN, layers, HEADS, FFN, len(PIECES), POSITIONS, TYPES, 1e-5
    )
    head += struct.pack("<i5i", block, len(PIECES), 0, 2, 1, 3)
    blob = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, blob)]).astype("<u4")
    joined = b"".join(blob)
    head += struct.pack("<Q", len(joined)) + offsets.tobytes()
    head += np.array(SCORES, dtype="<f4").tobytes() + joined
    head += struct.pack("<2i", 2, 24) + b"\x07" * 24
    values: dict[str, list[float]] = {}
    chunks: list[tuple[str, int, int, bytes]] = []
    for name, elements in tensor_sizes().items():
        if name == leave_out:
            continue
        if name == "emb.word" or (name.endswith(".w") and elements > HIDDEN):
            raw = quantised(elements, chance)
            values[name] = slow_unpack(raw, elements)
            chunks.append((name, 1, elements, raw))
        else:
            plain = chance.normal(size=elements).astype("<f4")
            values[name] = plain.tolist()
            chunks.append((name, 0, elements, plain.tobytes()))
    directory = sum(2 + len(name) + struct.calcsize("<BIQQ") for name, *_ in chunks)
    at = len(head) + 4 + directory
    head += struct.pack("<i", len(chunks))
    for name, kind, elements, raw in chunks:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, elements, at, len(raw))
        at += len(raw)
    return head + b"".join(raw for *_, raw in chunks), values


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def state_of(folder: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors.numpy import load_file

    state: dict[str, NDArray[np.float32]] = load_file(folder / "model.safetensors")
    return state


@given(st.integers(1, 6), st.integers(0, 31), st.integers(0, 999))
def test_unpacking_is_what_the_format_says(blocks: int, short: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw, elements = quantised(blocks * 32, rng), blocks * 32 - short
    found = unpack(raw, elements)
    assert found.dtype == np.float32
    assert found.tolist() == slow_unpack(raw, elements)


def test_one_block_by_hand() -> None:
    raw = struct.pack("<e", 0.5) + bytes([0x0F, 0xF0] + [0x88] * 14)
    weights = unpack(raw, 32)
    assert weights[:3].tolist() == [3.5, -4.0, 0.0]
    assert weights[16:19].tolist() == [-4.0, 3.5, 0.0]


def test_a_container_becomes_a_folder(source: Path, folder: Path) -> None:
    data, values = make_container()
    source.write_bytes(data)
    convert(source, folder)
    state = state_of(folder)
    layer = "encoder.layer.0."
    assert state["embeddings.word_embeddings.weight"].shape == (len(PIECES), HIDDEN)
    assert state[layer + "intermediate.dense.weight"].shape == (FFN, HIDDEN)
    assert state[layer + "output.dense.weight"].shape == (HIDDEN, FFN)
    names = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.token_type_embeddings.weight": "emb.type",
        "embeddings.LayerNorm.weight": "emb.ln.w",
        "embeddings.LayerNorm.bias": "emb.ln.b",
        layer + "attention.self.query.weight": "l0.q.w",
        layer + "attention.self.key.bias": "l0.k.b",
        layer + "attention.self.value.weight": "l0.v.w",
        layer + "attention.output.dense.weight": "l0.ao.w",
        layer + "attention.output.LayerNorm.bias": "l0.aln.b",
        layer + "intermediate.dense.weight": "l0.fi.w",
        layer + "output.dense.weight": "l0.fo.w",
        layer + "output.LayerNorm.weight": "l0.oln.w",
    }
    for ours, theirs in names.items():
        assert state[ours].reshape(-1).tolist() == values[theirs], ours
    assert len(state) == 5 + 16 * LAYERS


def test_the_sizes_are_written_down(source: Path, folder: Path) -> None:
    source.write_bytes(make_container()[0])
    convert(source, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["hidden_size"] == HIDDEN
    assert config["num_hidden_layers"] == LAYERS
    assert config["num_attention_heads"] == HEADS
    assert config["vocab_size"] == len(PIECES)
    assert config["pad_token_id"] == 1
    assert config["layer_norm_eps"] == pytest.approx(1e-5)
    pooling = json.loads((folder / "1_Pooling/config.json").read_text("utf-8"))
    assert pooling["word_embedding_dimension"] == HIDDEN
    prompts = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))[
        "prompts"
    ]
    assert prompts == {"query": "query: ", "passage": "passage: "}


def test_the_tokenizer_works(source: Path, folder: Path) -> None:
    from tokenizers import Tokenizer

    source.write_bytes(make_container()[0])
    convert(source, folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoded = tokenizer.encode("泰山在山东。")
    assert encoded.tokens == ["<s>", "▁泰山", "在", "山东", "。", "</s>"]
    assert encoded.ids == [0, 5, 8, 6, 9, 2]
    assert tokenizer.encode("  泰山\n ").ids == [0, 5, 2]
    assert tokenizer.encode("龘").ids[-2] == 3


def test_every_truncation_is_noticed(source: Path, folder: Path) -> None:
    data, _ = make_container()
    for size in [*range(0, 700, 7), *range(700, len(data), 997), len(data) - 1]:
        source.write_bytes(data[:size])
        with pytest.raises(ModelCorrupt) as caught:
            convert(source, folder)
        assert str(source) in str(caught.value)
        assert "qilu models pull" in str(caught.value)
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (make_container(magic=b"GGUF")[0], "magic"),
        (make_container(block=64)[0], "blocks of 64"),
        (make_container(leave_out="l0.fi.w")[0], "l0.fi.w"),
        (make_container(layers=2)[0], "l1.q.w"),
        (b"", "E5S1"),
        (b"E5S1" + b"\xff" * 500, "E5S1"),
    ],
)
def test_what_is_no_such_model(source: Path, folder: Path, data: bytes, part: str) -> None:
    source.write_bytes(data)
    with pytest.raises(ModelCorrupt) as caught:
        convert(source, folder)
    assert part in str(caught.value)
    assert list(folder.iterdir()) == []
