"""Searches the index of this home through llama-index.

make index
python examples/llama_index_retriever.py 趵突泉在哪里
"""

from __future__ import annotations

import sys

from qilu_rag.assistant import build
from qilu_rag.config import load_settings
from qilu_rag.llama_index import QiluRetriever


def main() -> None:
    """Prints what was found for the question on the command line."""
    question = " ".join(sys.argv[1:]) or "趵突泉在哪里"
    with build(load_settings()) as assistant:
        for found in QiluRetriever(assistant, k=3).retrieve(question):
            place = f"{found.node.metadata['title']} · {found.node.metadata['locator']}"
            sys.stdout.write(f"{found.score:.3f}  {place}\n{found.node.get_content()}\n\n")


if __name__ == "__main__":
    main()
