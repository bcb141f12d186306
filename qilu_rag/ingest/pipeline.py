"""The pipeline: paths in, a new snapshot out.

The new snapshot holds what stands under the given paths now, and what the old one held
from elsewhere. Anything that can't be read goes to quarantine with its reason, and the
run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from qilu_rag.config import IngestSettings
from qilu_rag.errors import Busy, SnapshotError
from qilu_rag.ingest.cache import embed_cached
from qilu_rag.ingest.files import Problem, find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.scan import SCANS, Scanner
from qilu_rag.ingest.snapshot import FORMAT, Record, SnapshotStore
from qilu_rag.ingest.split import split
from qilu_rag.ports import Embedder, Ocr
from qilu_rag.text.fold import simplify
from qilu_rag.text.words import index_terms
from qilu_rag.types import Document, Entry, Passage, Verdict

_MASK = "■"

Progress = Callable[[str, int, int], None]
"""Called with the stage, things done and things in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What a run did."""

    snapshot: str
    changed: bool
    documents: int
    passages: int
    embedded: int
    quarantined: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Everything that a run of ingestion needs.

    Attributes:
        home: where snapshots, cache and quarantine lie.
        screen: the moderation gate's document stage.
        ocr: reads scans; without it they are set aside.
    """

    home: Path
    settings: IngestSettings
    store: SnapshotStore
    embedder: Embedder
    screen: Callable[[str, str], Verdict]
    ocr: Ocr | None = None

    def run(self, paths: Sequence[Path], progress: Progress) -> IngestReport:
        """Ingests files and folders.

        Raises:
            Busy: when another ingestion of this home is under way.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.home / "ingest.lock", timeout=0):
                return self._run(paths, progress)
        except Timeout as error:
            raise Busy(
                f"another ingestion into {self.home} is under way; wait for it to end"
            ) from error

    def _run(self, paths: Sequence[Path], progress: Progress) -> IngestReport:
        current = self.store.current_id()
        kept, lost = self._kept(current, paths)
        fresh, problems = self._load(paths, {record.entry.id for record, _ in kept}, progress)
        pairs = sorted(kept + fresh, key=lambda pair: pair[0].entry.id)
        self._write_quarantine(paths, problems)
        digest = self._digest(pairs)
        passages = [passage for _, some in pairs for passage in some]
        if current is not None and self._holds(current, digest):
            return _report(current, False, pairs, passages, 0, problems)
        return self._publish(digest, pairs, passages, lost + problems, progress)

    def _holds(self, current: str, digest: str) -> bool:
        """Whether the snapshot in use is that one, and whole."""
        try:
            same = bool(self.store.manifest(current).get("digest") == digest)
            return same and self.store.open_id(current, self.embedder).id == current
        except SnapshotError:
            return False

    def _kept(
        self, current: str | None, paths: Sequence[Path]
    ) -> tuple[list[tuple[Record, list[Passage]]], list[Problem]]:
        """What the old snapshot holds from outside the given paths.

        A damaged one holds nothing, and says so: it must not stand in the way of the run
        that mends it.
        """
        if current is None:
            return [], []
        try:
            records, passages = self.store.contents(current)
        except SnapshotError as error:
            reason = f"{error}; what it held from elsewhere is gone, ingest that again, too"
            return [], [Problem(source="CURRENT", reason=reason)]
        roots = [path.resolve() for path in paths]
        grouped = {key: list(some) for key, some in groupby(passages, lambda p: p.entry_id)}
        kept = [
            (record, grouped.get(record.entry.id, []))
            for record in records
            if not _inside(record.origin, roots)
        ]
        return kept, []

    def _load(
        self, paths: Sequence[Path], taken: set[str], progress: Progress
    ) -> tuple[list[tuple[Record, list[Passage]]], list[Problem]]:
        files, missing = find_files(paths)
        scanner = Scanner(ocr=self.ocr, cache=self.home / SCANS) if self.ocr else None
        problems = [replace(p, origin=str(Path(p.source).resolve())) for p in missing]
        pairs = []
        for number, path in enumerate(files):
            progress("reading", number, len(files))
            for item in load_file(path, self.settings, scanner):
                passed = item if isinstance(item, Problem) else self._screened(item, taken)
                if isinstance(passed, Problem):
                    problems.append(replace(passed, origin=str(path.resolve())))
                elif passed.entry.review.state != "retired":
                    taken.add(passed.entry.id)
                    pairs.append(self._accept(passed, path))
        progress("reading", len(files), len(files))
        return pairs, problems

    def _screened(self, document: Document, taken: set[str]) -> Document | Problem:
        """The document as it may be searched, or why it may not."""
        entry = document.entry
        if entry.id in taken:
            reason = f"the id {entry.id} is taken by another document; give it another id"
            return Problem(source=document.source, reason=reason)
        verdict = self.screen(screened_text(document), document.source)
        if verdict.action in ("block", "flag"):
            rules = ", ".join(sorted({finding.rule for finding in verdict.findings}))
            reason = f"waits for a reviewer: the moderation gate found {rules}"
            return Problem(source=document.source, reason=reason)
        if verdict.action != "redact":
            return document
        before = len(screened_text(document)) - len(document.text)
        if any(finding.start < before for finding in verdict.findings):
            reason = "the title or an alias holds personal data; take it out"
            return Problem(source=document.source, reason=reason)
        return replace(document, text=_masked(document.text, verdict, before))

    def _accept(self, document: Document, path: Path) -> tuple[Record, list[Passage]]:
        record = Record(
            entry=document.entry,
            source=document.source,
            origin=str(path.resolve()),
            sha256=document.sha256,
        )
        passages = split(
            document, shortest=self.settings.passage_min, longest=self.settings.passage_max
        )
        return record, passages

    def _digest(self, pairs: Sequence[tuple[Record, list[Passage]]]) -> str:
        """Over everything that shapes the snapshot: equal digests, equal snapshots."""
        digest = hashlib.sha256(f"{FORMAT} {self.embedder.identity}".encode())
        for record, passages in pairs:
            lengths = [(passage.start, passage.end) for passage in passages]
            line = [record.entry.id, record.source, record.origin, record.sha256, lengths]
            digest.update(json.dumps(line).encode())
        return digest.hexdigest()

    def _publish(
        self,
        digest: str,
        pairs: Sequence[tuple[Record, list[Passage]]],
        passages: list[Passage],
        problems: list[Problem],
        progress: Progress,
    ) -> IngestReport:
        entries = {record.entry.id: record.entry for record, _ in pairs}
        texts, owners = sentence_rows(passages, entries)
        vectors, embedded = embed_cached(
            texts,
            self.embedder,
            self.home / "embeddings.sqlite",
            lambda done, total: progress("embedding", done, total),
        )
        progress("writing", 0, 1)
        # One passage's terms at a time: all of them would take 20 KiB a passage.
        terms = (passage_terms(passage, entries[passage.entry_id]) for passage in passages)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        snapshot = self.store.publish(
            f"{stamp}-{digest[:8]}",
            digest=digest,
            embedder=self.embedder,
            records=[record for record, _ in pairs],
            passages=passages,
            owners=owners,
            vectors=vectors,
            terms=terms,
        )
        self.store.prune(self.settings.keep_snapshots)
        progress("writing", 1, 1)
        return _report(snapshot.id, True, pairs, passages, embedded, problems)

    def _write_quarantine(self, paths: Sequence[Path], problems: Sequence[Problem]) -> None:
        """Keeps what other runs set aside from elsewhere, replaces what this run looked at."""
        path = self.home / "quarantine.json"
        roots = [root.resolve() for root in paths]
        held = json.loads(path.read_text("utf-8")) if path.exists() else []
        rest = [item for item in held if not _inside(item.get("origin") or item["source"], roots)]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rest += [{**asdict(problem), "time": now} for problem in problems]
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(rest, ensure_ascii=False, indent=1) + "\n", "utf-8")
        fresh.replace(path)


def _inside(origin: str, roots: Sequence[Path]) -> bool:
    return any(Path(origin).is_relative_to(root) for root in roots)


def screened_text(document: Document) -> str:
    """What the gate sees of a document: the names that are shown, and the text."""
    entry = document.entry
    names = [entry.title, entry.title_en or "", *entry.aliases]
    return "\n".join([*filter(None, names), document.text])


def _masked(text: str, verdict: Verdict, before: int) -> str:
    """Blots out what was found, character for character, so that every offset stays.

    `before` is how much of what was screened stood before the text.
    """
    for finding in verdict.findings:
        start, end = finding.start - before, finding.end - before
        text = text[:start] + _MASK * (end - start) + text[end:]
    return text


def sentence_rows(
    passages: Sequence[Passage], entries: dict[str, Entry]
) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int32]]]:
    """The texts that are embedded, one a sentence, and the passage that each belongs to.

    A sentence goes in with its entry's title: 主峰海拔1532.7米 alone does not say whose. One
    of an original text goes in bare: it is not about its work, and the name would draw
    questions on the work away from what explains it. All go in in simplified characters,
    as questions do.
    """
    texts: list[str] = []
    owners: list[int] = []
    for number, passage in enumerate(passages):
        entry = entries[passage.entry_id]
        bare = entry.origin == "original"
        for start, end in passage.sentences:
            sentence = passage.text[start:end]
            named = bare or entry.title in sentence
            texts.append(simplify(sentence if named else f"{entry.title}：{sentence}"))
            owners.append(number)
    return texts, np.asarray(owners, dtype=np.int32)


def passage_terms(passage: Passage, entry: Entry) -> list[str]:
    """What a passage is found by: its words, its heading and the names of its entry."""
    names = " ".join(filter(None, (entry.title, entry.title_en, passage.locator)))
    return index_terms(passage.text) + index_terms(names)


def _report(
    snapshot: str,
    changed: bool,
    pairs: Sequence[tuple[Record, list[Passage]]],
    passages: Sequence[Passage],
    embedded: int,
    problems: Sequence[Problem],
) -> IngestReport:
    return IngestReport(
        snapshot=snapshot,
        changed=changed,
        documents=len(pairs),
        passages=len(passages),
        embedded=embedded,
        quarantined=tuple(problems),
    )
