"""Reads the `E5S1` container of multilingual-e5-small and writes a Hugging Face folder.

The container (little endian) holds a header, a Unigram tokenizer and tensors that are
either float32 or blocks of 32 four-bit weights: 18 bytes a block, a float16 scale `d`
and 16 bytes whose low nibbles are weights 0 to 15 and whose high nibbles are 16 to 31;
a weight is `(q - 8) * d`. The folder that is written loads with
`SentenceTransformer(path)`: a BertModel, mean pooling, normalisation, and the prompts
`query: ` and `passage: ` that the model was trained with (Wang et al. 2024,
"Multilingual E5 Text Embeddings").
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qilu_rag.errors import ModelCorrupt

MAGIC = b"E5S1"
BLOCK = 32
_BLOCK_BYTES = 18
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
# Rows and columns of the matrices; the other weights are vectors.
_SHAPES = {
    "q": ("hidden", "hidden"),
    "k": ("hidden", "hidden"),
    "v": ("hidden", "hidden"),
    "ao": ("hidden", "hidden"),
    "fi": ("ffn", "hidden"),
    "fo": ("hidden", "ffn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Sizes of the network, as the container states them."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    positions: int
    types: int
    epsilon: float
    bos: int
    eos: int
    pad: int
    unk: int


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, dtype=dtype, count=count, offset=self.at)
        self.at += values.nbytes
        return values


def convert(source: Path, folder: Path) -> None:
    """Writes the container's model out as a sentence-transformers folder.

    Args:
        source: the container.
        folder: an existing empty folder.

    Raises:
        ModelCorrupt: when the container is not one, or ends early.
    """
    data = memoryview(source.read_bytes())
    try:
        header, pieces, tensors = _parse(data)
        state = _state(header, tensors)
    except (struct.error, ValueError, LookupError, OverflowError) as error:
        raise ModelCorrupt(
            f"{source} is not a whole E5S1 model ({error}); run: qilu models pull"
        ) from error
    _write_network(header, state, folder)
    _write_tokenizer(header, pieces, folder)
    _write_modules(folder)


def _parse(
    data: memoryview,
) -> tuple[Header, list[tuple[str, float]], dict[str, NDArray[np.float32]]]:
    reader = _Reader(data)
    magic, _version = reader.take("4sI")
    if magic != MAGIC:
        raise ValueError("the magic number is missing")
    hidden, layers, heads, ffn, vocab, positions, types = reader.take("7i")
    (epsilon,) = reader.take("f")
    (block,) = reader.take("i")
    if block != BLOCK:
        raise ValueError(f"blocks of {block} weights are not known")
    count, bos, eos, pad, unk = reader.take("5i")
    (blob_bytes,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = bytes(reader.array("u1", blob_bytes))
    pieces = [
        (blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(count)
    ]
    _ranges, table_bytes = reader.take("2i")
    reader.at += table_bytes  # the normalisation table: NFKC and single spaces stand in for it
    header = Header(
        hidden=hidden,
        layers=layers,
        heads=heads,
        ffn=ffn,
        vocab=vocab,
        positions=positions,
        types=types,
        epsilon=epsilon,
        bos=bos,
        eos=eos,
        pad=pad,
        unk=unk,
    )
    return header, pieces, _tensors(reader)


def _tensors(reader: _Reader) -> dict[str, NDArray[np.float32]]:
    (count,) = reader.take("i")
    tensors = {}
    for _ in range(count):
        (length,) = reader.take("H")
        name = bytes(reader.array("u1", length)).decode("ascii")
        kind, elements, offset, nbytes = reader.take("BIQQ")
        raw = reader.data[offset : offset + nbytes]
        if len(raw) != nbytes:
            raise ValueError(f"tensor {name} ends early")
        tensors[name] = (
            np.frombuffer(raw, dtype="<f4", count=elements) if kind == 0 else unpack(raw, elements)
        )
    return tensors


def unpack(raw: memoryview | bytes, elements: int) -> NDArray[np.float32]:
    """Unpacks four-bit blocks into `elements` float32 weights."""
    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    weights = (nibbles.astype(np.float32) - 8) * scale
    return weights.reshape(-1)[:elements]


def _state(header: Header, tensors: dict[str, NDArray[np.float32]]) -> dict[str, Any]:
    size = {"hidden": header.hidden, "ffn": header.ffn}
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, header.hidden),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, header.hidden),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, header.hidden),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(header.layers):
        for short, full in _LAYER_NAMES.items():
            weight = tensors[f"l{layer}.{short}.w"]
            if short in _SHAPES:
                rows, columns = _SHAPES[short]
                weight = weight.reshape(size[rows], size[columns])
            state[f"encoder.layer.{layer}.{full}.weight"] = weight
            state[f"encoder.layer.{layer}.{full}.bias"] = tensors[f"l{layer}.{short}.b"]
    return state


def _write_network(header: Header, state: dict[str, Any], folder: Path) -> None:
    from safetensors.numpy import save_file

    whole = {name: np.ascontiguousarray(value) for name, value in state.items()}
    save_file(whole, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": header.hidden,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.ffn,
            "vocab_size": header.vocab,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.types,
            "layer_norm_eps": header.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": header.pad,
            "dtype": "float32",
        },
    )


def _write_tokenizer(header: Header, pieces: list[tuple[str, float]], folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram

    bos, eos, pad, unk = (pieces[i][0] for i in (header.bos, header.eos, header.pad, header.unk))
    tokenizer = Tokenizer(Unigram(pieces, header.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, header.bos), (eos, header.eos)],
    )
    tokenizer.add_special_tokens([bos, eos, pad, unk])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            "bos_token": bos,
            "eos_token": eos,
            "sep_token": eos,
            "cls_token": bos,
            "pad_token": pad,
            "unk_token": unk,
        },
    )


def _write_modules(folder: Path) -> None:
    prefix = "sentence_transformers.models"
    _write_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": f"{prefix}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{prefix}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{prefix}.Normalize"},
        ],
    )
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    hidden = json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"]
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": hidden, "pooling_mode_mean_tokens": True},
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": 512})
    _write_json(
        folder / "config_sentence_transformers.json",
        {
            "prompts": {"query": "query: ", "passage": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
