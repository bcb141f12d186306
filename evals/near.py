"""How many variants of a document are found to be near it: python -m evals.near corpus.

The variants of each entry are made by a fixed seed: characters changed for others of the
corpus, sentences left out or shuffled, the other script, lines broken anew, another title.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

import opencc

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.near import NEAR, Near, Signature, signature
from qilu_rag.text.fold import is_cjk
from qilu_rag.text.sentences import split_sentences
from qilu_rag.types import CATEGORY_NAMES, Document

_SEED = 20
Change = Callable[[str], str]


def changes(letters: str, random: Random) -> dict[str, Change]:
    """Name → a change of a text; `letters` are what characters are changed for."""

    def typos(share: float) -> Change:
        return lambda text: "".join(
            random.choice(letters) if is_cjk(c) and random.random() < share else c for c in text
        )

    def kept(share: float) -> Change:
        return lambda text: "".join(s for s in split_sentences(text) if random.random() < share)

    def shuffled(text: str) -> str:
        sentences = split_sentences(text)
        return "".join(random.sample(sentences, len(sentences)))

    def broken(text: str) -> str:
        flat = "".join(text.split("\n"))
        return "\n".join(flat[at : at + 38] for at in range(0, len(flat), 38))

    return {
        "other script": opencc.OpenCC("s2t").convert,
        "lines broken anew": broken,
        "another title": lambda text: f"山东历史文化丛书 第三辑\n{text}",
        "1% of characters changed": typos(0.01),
        "3% of characters changed": typos(0.03),
        "10% of characters changed": typos(0.1),
        "sentences shuffled": shuffled,
        "1 sentence in 10 dropped": kept(0.9),
        "3 sentences in 10 dropped": kept(0.7),
        "half of the sentences dropped": kept(0.5),
    }


def read(corpus: Path) -> dict[str, str]:
    """Entry id → text, of the entries of the six categories."""
    paths = [path for name in CATEGORY_NAMES for path in sorted((corpus / name).glob("*.md"))]
    loaded = [item for path in paths for item in load_file(path, IngestSettings())]
    return {item.entry.id: item.text for item in loaded if isinstance(item, Document)}


def alike(first: Signature, second: Signature) -> float:
    """The Jaccard index as two signatures estimate it."""
    return float((first == second).mean())


def main() -> None:
    """Prints the share of each variant that is found, its Jaccard index, and the speed."""
    texts = read(Path(sys.argv[1]))
    random = Random(_SEED)  # noqa: S311
    letters = "".join(c for text in texts.values() for c in text if is_cjk(c))
    started = process_time()
    signatures = {key: signature(text) for key, text in texts.items()}
    took = (process_time() - started) / len(texts)
    near = Near()
    for key, value in signatures.items():
        near.add(key, value)
    rows = list(signatures.items())
    farthest = max(
        (alike(one, other), key, name)
        for number, (key, one) in enumerate(rows)
        for name, other in rows[:number]
    )
    print(f"n {len(texts)}, threshold {NEAR}, {1000 * took:.2f} ms a signature")
    print(f"nearest two entries: {farthest[0]:.3f} {farthest[1]} {farthest[2]}")
    print(f"{'variant':32} {'found':>6} {'least':>6} {'median':>6} {'most':>6}")
    for name, change in changes(letters, random).items():
        variants = {key: signature(change(text)) for key, text in texts.items()}
        found = [near.find(value) for value in variants.values()]
        right = [hit is not None and hit[0] == key for hit, key in zip(found, texts, strict=True)]
        share = sorted(alike(signatures[key], value) for key, value in variants.items())
        print(
            f"{name:32} {sum(right) / len(right):6.1%} {share[0]:6.3f} "
            f"{share[len(share) // 2]:6.3f} {share[-1]:6.3f}"
        )


if __name__ == "__main__":
    main()
