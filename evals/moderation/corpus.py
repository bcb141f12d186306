"""The sentences of the corpus, all of them harmless."""

from __future__ import annotations

from pathlib import Path

from qilu_rag.text.sentences import sentence_spans


def corpus_sentences(folder: Path) -> list[str]:
    """Sentences of the Markdown entries below a folder, front matter left out."""
    bodies = (
        path.read_text("utf-8").split("\n---\n", 1)[-1] for path in sorted(folder.rglob("*.md"))
    )
    return [
        sentence
        for body in bodies
        for start, end in sentence_spans(body)
        if (sentence := body[start:end].strip())
    ]
