"""Writes a sentence-transformers model out for ONNX Runtime, with 8-bit weights.

`python -m qilu_rag.backends.onnx_export SOURCE TARGET` does it in a process of its own:
what torch and the exporter load, print and warn of ends with it.

sentence-transformers has an ONNX and an OpenVINO backend, but the packages under both
(optimum-onnx, optimum-intel) hold transformers below the version that is used here; and
`import openvino` reports its use to its maker, which an offline program must not.

The network takes the tokens of one text, without padding: weights are 8-bit integers, a
scale for each column, and activations are quantised as they come, over the whole input
(ONNX Runtime's dynamic quantisation). In a batch the scale of one text would depend on
the others. The second matrix of each feed-forward layer stays in float32: its input has
outliers that eight bits hold badly (Bondarenko et al. 2021, "Understanding and Overcoming
the Challenges of Efficient Transformer Quantization").
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NETWORK, TOKENIZER, FACTS = "model.onnx", "tokenizer.json", "embedder.json"
"""The files of the folder that is written."""
_TOKENS = 16
"""Length of the example; any from 1 up to the model's own works."""


def export(source: Path, target: Path) -> None:
    """Writes the network, its tokenizer and what else is needed to use them.

    Args:
        source: a sentence-transformers folder.
        target: an existing empty folder.
    """
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source), device="cpu", local_files_only=True).eval()
    most = int(model.max_seq_length or model.tokenizer.model_max_length)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        whole = Path(scratch) / NETWORK
        _write_network(model, most, whole)
        _quantise(whole, target / NETWORK)
    model.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
    facts = {
        "dimension": int(model.get_embedding_dimension() or 0),
        "most_tokens": most,
        "prompts": [model.prompts.get("query") or "", model.prompts.get("passage") or ""],
    }
    (target / FACTS).write_text(json.dumps(facts, ensure_ascii=False) + "\n", "utf-8")


def _write_network(model: Any, most: int, path: Path) -> None:
    import torch

    class OneText(torch.nn.Module):
        """Token numbers of shape (1, tokens) in, a vector of shape (1, dimension) out."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Tensor) -> Tensor:
            features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            vector: Tensor = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vector)

    program = torch.onnx.export(
        OneText().eval(),
        (torch.arange(_TOKENS).unsqueeze(0),),
        input_names=["ids"],
        output_names=["vectors"],
        dynamic_shapes=({1: torch.export.Dim("tokens", min=1, max=most)},),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ValueError("torch.onnx wrote no program")
    program.save(str(path))


def _quantise(whole: Path, path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(whole, load_external_data=False).graph
    narrowing = {
        weight.name
        for weight in graph.initializer
        if len(weight.dims) == 2 and weight.dims[0] > weight.dims[1]
    }
    kept = [
        node.name
        for node in graph.node
        if node.op_type == "MatMul" and narrowing.intersection(node.input)
    ]
    quantize_dynamic(
        whole, path, per_channel=True, weight_type=QuantType.QInt8, nodes_to_exclude=kept
    )


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
