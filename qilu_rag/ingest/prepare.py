"""Preparing: a file's documents as they may be searched, screened and cut into passages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qilu_rag.config import IngestSettings
from qilu_rag.ingest.call import Call, call_here
from qilu_rag.ingest.files import Problem, real_path
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.near import Signature, signature
from qilu_rag.ingest.records import Record
from qilu_rag.ingest.scan import Scanner
from qilu_rag.ingest.split import split
from qilu_rag.ingest.suggest import lacking
from qilu_rag.types import Document, Passage, Verdict

_MASK = "■"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document as a snapshot takes it in.

    Attributes:
        signature: by which near-duplicates are found.
        document: kept only of one whose front matter lacks something that can be suggested.
    """

    record: Record
    passages: tuple[Passage, ...]
    signature: Signature
    document: Document | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparer:
    """Turns files into what a snapshot takes in.

    Attributes:
        screen: the moderation gate's document stage.
        scanner: reads pages without text; without one they are a problem.
        call: where the readers of the formats run.
    """

    settings: IngestSettings
    screen: Callable[[str, str], Verdict]
    scanner: Scanner | None = None
    call: Call = call_here

    def prepare(self, path: Path) -> Iterator[Prepared | Problem]:
        """Reads a file; what may not be searched comes out as a problem, retired entries not."""
        origin = real_path(path)
        for item in load_file(path, self.settings, self.scanner, self.call):
            passed = item if isinstance(item, Problem) else self._screened(item)
            if isinstance(passed, Problem):
                yield replace(passed, origin=origin)
            elif passed.entry.review.state != "retired":
                yield self._cut(passed, origin)

    def _screened(self, document: Document) -> Document | Problem:
        """The document as it may be searched, or why it may not."""
        names = shown_names(document)
        verdict = self.screen("\n".join([*names, document.text]), document.source)
        if verdict.action in ("block", "flag"):
            rules = ", ".join(sorted({finding.rule for finding in verdict.findings}))
            reason = f"waits for a reviewer: the moderation gate found {rules}"
            return Problem(source=document.source, reason=reason)
        if verdict.action != "redact":
            return document
        before = sum(len(name) + 1 for name in names)
        if any(finding.start < before for finding in verdict.findings):
            reason = "the title or an alias holds personal data; take it out"
            return Problem(source=document.source, reason=reason)
        return replace(document, text=_masked(document.text, verdict, before))

    def _cut(self, document: Document, origin: str) -> Prepared:
        record = Record(
            entry=document.entry,
            source=document.source,
            origin=origin,
            sha256=document.sha256,
            encoding=document.encoding,
            scanned=document.scanned,
        )
        shortest, longest = self.settings.passage_min, self.settings.passage_max
        passages = split(document, shortest=shortest, longest=longest)
        return Prepared(
            record=record,
            passages=tuple(passages),
            signature=signature(document.text),
            document=document if lacking(document.entry) else None,
        )


def shown_names(document: Document) -> Sequence[str]:
    """The names of a document that are shown to people, and so are screened with its text."""
    entry = document.entry
    return [name for name in (entry.title, entry.title_en, *entry.aliases) if name]


def _masked(text: str, verdict: Verdict, before: int) -> str:
    """Blots out what was found, character for character, so that every offset stays.

    `before` is how much of what was screened stood before the text.
    """
    for finding in verdict.findings:
        start, end = finding.start - before, finding.end - before
        text = text[:start] + _MASK * (end - start) + text[end:]
    return text
