"""Documents for measuring, as many as wanted: the corpus's sentences in another order.

The text is real Chinese with real names and numbers, but each document is a mixture that
stands nowhere else. Up to some 2,500 passages no sentence comes twice; beyond that the
pool is shuffled anew and dealt out again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.encoding import decode
from qilu_rag.ingest.files import Problem, find_files
from qilu_rag.ingest.front_matter import split_front_matter, write_front_matter
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.split import split
from qilu_rag.text.sentences import sentence_spans

_SEED = 4
_SHORTEST = 10
_OPENING, _CLOSING = "“‘「『《（(【", "”’」』》）)】"
_FOLDER_HOLDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What documents are made of: the corpus's sentences, headings and front matter."""

    sentences: tuple[str, ...]
    headings: tuple[str, ...]
    fields: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Documents in a folder.

    Attributes:
        sentences: one of each document, with the id of the document that holds it.
    """

    folder: Path
    documents: int
    passages: int
    characters: int
    sentences: tuple[tuple[str, str], ...]


def read_material(corpus: Path) -> Material:
    """Takes the corpus's Markdown files apart."""
    sentences: dict[str, None] = {}
    headings: dict[str, None] = {}
    fields = []
    for path in find_files([corpus])[0]:
        if path.suffix == ".md":
            front, _ = split_front_matter(decode(path.read_bytes(), str(path))[0], str(path))
            fields.append(front or {"title": path.stem})
            for document in load_file(path, IngestSettings()):
                if not isinstance(document, Problem):
                    for block in document.blocks:
                        headings |= dict.fromkeys(block.headings)
                        some = document.text[block.start : block.end]
                        sentences |= dict.fromkeys(some[a:b] for a, b in sentence_spans(some))
    return Material(
        sentences=tuple(filter(_stands_alone, sentences)),
        headings=tuple(headings),
        fields=tuple(fields),
    )


def _stands_alone(sentence: str) -> bool:
    """Whether it stays the sentence that it is beside any other."""
    return (
        len(sentence) >= _SHORTEST
        and sentence[-1] in "。！？"
        and (sentence[0].isalnum() or sentence[0] in "“《")
        and sentence[0] != "的"
        and all(
            sentence.count(a) == sentence.count(b) for a, b in zip(_OPENING, _CLOSING, strict=True)
        )
    )


def generate(material: Material, folder: Path, passages: int) -> Generated:
    """Writes Markdown files until they give so many passages.

    The last document is no longer than what is still wanted, so that at 1,000 passages
    the number is met within 2%. The same material and number give the same files.
    """
    limits = IngestSettings()
    random = Random(_SEED)  # noqa: S311
    deal = _dealt(material.sentences, random)
    made = documents = characters = 0
    sentences = []
    while made < passages:
        name = f"generated-{documents + 1:06d}"
        sections = min(random.randint(3, 6), passages - made)
        body, sentence = _body(material, sections, deal, random)
        path = folder / f"{documents // _FOLDER_HOLDS:03d}" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_front(material, name, random) + body, "utf-8")
        for document in load_file(path, limits):
            if not isinstance(document, Problem):
                pieces = split(document, shortest=limits.passage_min, longest=limits.passage_max)
                made += len(pieces)
                characters += sum(len(piece.text) for piece in pieces)
        documents += 1
        sentences.append((sentence, name))
    return Generated(
        folder=folder,
        documents=documents,
        passages=made,
        characters=characters,
        sentences=tuple(sentences),
    )


def _dealt(sentences: Sequence[str], random: Random) -> Iterator[str]:
    while True:
        yield from random.sample(sentences, len(sentences))


def _front(material: Material, name: str, random: Random) -> str:
    taken = random.choice(material.fields)
    # Names and links stay with the entry that they belong to.
    fields = {k: v for k, v in taken.items() if k not in ("title_en", "aliases", "relations")}
    number = name.rpartition("-")[2].lstrip("0")
    return write_front_matter({**fields, "id": name, "title": f"{taken['title']}杂录{number}"})


def _body(
    material: Material, sections: int, deal: Iterator[str], random: Random
) -> tuple[str, str]:
    """A text of so many sections, the first without a heading, and one of its sentences."""
    parts: list[str] = []
    drawn: list[str] = []
    for section in range(sections):
        if section:
            parts.append(f"## {random.choice(material.headings)}")
        wanted = random.randint(100, 400)
        while wanted > 0:
            paragraph = [next(deal) for _ in range(random.randint(2, 4))]
            drawn += paragraph
            parts.append("".join(paragraph))
            wanted -= len(parts[-1])
    return "\n\n".join(parts) + "\n", random.choice(drawn)
