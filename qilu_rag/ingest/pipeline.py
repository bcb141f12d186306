"""The pipeline: paths in, a new snapshot out.

The new snapshot holds what stands under the given paths now, and what the old one held
from elsewhere. Anything that can't be read goes to quarantine with its reason, and the
run goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from qilu_rag.config import IngestSettings
from qilu_rag.errors import Busy, QiluError, SnapshotError
from qilu_rag.ingest.ahead import Ahead
from qilu_rag.ingest.cache import embed_cached
from qilu_rag.ingest.call import Call
from qilu_rag.ingest.files import Problem, find_files, real_path
from qilu_rag.ingest.gather import Gathering
from qilu_rag.ingest.prepare import Prepared, Preparer
from qilu_rag.ingest.quarantine import Quarantine, inside
from qilu_rag.ingest.records import Record
from qilu_rag.ingest.rows import passage_terms, sentence_rows, sentence_texts
from qilu_rag.ingest.scan import SCANS, Scanner
from qilu_rag.ingest.snapshot import FORMAT, SnapshotStore
from qilu_rag.ingest.suggested import with_suggestions
from qilu_rag.ingest.worker import Worker
from qilu_rag.ports import Embedder, Ocr
from qilu_rag.types import Verdict

QUARANTINE = "quarantine.json"
"""Name of the quarantine in a home."""
_VECTORS = "embeddings.sqlite"

Progress = Callable[[str, int, int], None]
"""Called with what is counted, how many are done, and of how many; 0 when not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What a run did, and what of all that is held now a person should look at."""

    snapshot: str
    changed: bool
    documents: int
    passages: int
    embedded: int
    quarantined: tuple[Problem, ...]
    duplicates: tuple[Record, ...]
    suggested: tuple[Record, ...]


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
            QiluError: when the disk is full, the cache damaged, the embedder broken; the
                old snapshot stays in use, and the next run goes on where this one stopped.
        """
        with locked(self.home), _told(self.home):
            return self._run(paths, progress)

    def retry(self, progress: Progress) -> IngestReport:
        """Ingests again what is in quarantine; what is no longer there is forgotten.

        Raises:
            Busy, QiluError: as for `run`.
        """
        quarantine = Quarantine(self.home / QUARANTINE)
        origins = sorted({Path(item.origin) for item in quarantine.held()})
        with locked(self.home), _told(self.home):
            quarantine.replace([path for path in origins if not path.exists()], [])
            return self._run([path for path in origins if path.exists()], progress)

    def _run(self, paths: Sequence[Path], progress: Progress) -> IngestReport:
        current = self.store.current_id()
        roots = [Path(real_path(path)) for path in paths]
        gathering = Gathering()
        kept, lost = self._kept(current, roots)
        # What repeats another is read anew each time: the other may have gone.
        repeats = [Path(item.record.origin) for item in kept if item.record.duplicate_of]
        gathering.keep([item for item in kept if not item.record.duplicate_of])
        with Ahead(self._embed) as ahead:
            self._gather([*paths, *filter(Path.exists, repeats)], gathering, ahead, progress)
        held, problems = gathering.held(), gathering.problems
        Quarantine(self.home / QUARANTINE).replace(roots, problems)
        digest = self._digest(held)
        if current is not None and self._is(current, digest):
            return _report(current, False, held, 0, problems)
        return self._publish(digest, held, ahead.embedded, lost + problems, progress)

    def _is(self, current: str, digest: str) -> bool:
        """Whether the snapshot in use is that one, and whole."""
        try:
            same = bool(self.store.manifest(current).get("digest") == digest)
            return same and self.store.open_id(current, self.embedder).id == current
        except SnapshotError:
            return False

    def _kept(
        self, current: str | None, roots: Sequence[Path]
    ) -> tuple[list[Prepared], list[Problem]]:
        """What the old snapshot holds from outside the given paths.

        A damaged one holds nothing, and says so: it must not stand in the way of the run
        that mends it.
        """
        if current is None:
            return [], []
        try:
            records, passages = self.store.contents(current)
            signatures = self.store.signatures(current)
        except SnapshotError as error:
            reason = f"{error}; what it held from elsewhere is gone, ingest that again, too"
            return [], [Problem(source="CURRENT", reason=reason)]
        grouped = {key: tuple(some) for key, some in groupby(passages, lambda p: p.entry_id)}
        kept = [
            Prepared(record=record, passages=grouped.get(record.entry.id, ()), signature=signature)
            for record, signature in zip(records, signatures, strict=True)
            if not inside(record.origin, roots)
        ]
        return kept, []

    def _gather(
        self, paths: Sequence[Path], gathering: Gathering, ahead: Ahead, progress: Progress
    ) -> None:
        files, missing = find_files(paths)
        for problem in missing:
            gathering.take(replace(problem, origin=real_path(Path(problem.source))))
        passages = 0
        with Worker(self.settings) as call:
            preparer = self._preparer(call)
            for number, path in enumerate(files, start=1):
                for item in preparer.prepare(path):
                    taken = gathering.take(item)
                    if taken is not None:
                        passages += len(taken.passages)
                        for passage in taken.passages:
                            ahead.add(sentence_texts(passage, taken.record.entry))
                progress("documents", number, len(files))
                progress("passages", passages, 0)

    def _preparer(self, call: Call) -> Preparer:
        scanner = Scanner(ocr=self.ocr, cache=self.home / SCANS) if self.ocr else None
        return Preparer(settings=self.settings, screen=self.screen, scanner=scanner, call=call)

    def _embed(self, texts: Sequence[str]) -> int:
        return embed_cached(texts, self.embedder, self.home / _VECTORS, lambda *_: None)[1]

    def _digest(self, held: Sequence[Prepared]) -> str:
        """Over everything that shapes the snapshot: equal digests, equal snapshots."""
        digest = hashlib.sha256(f"{FORMAT} {self.embedder.identity}".encode())
        for item in held:
            record = item.record
            lengths = [(passage.start, passage.end) for passage in item.passages]
            state = (record.entry.origin, record.entry.review.state, record.duplicate_of)
            line = [record.entry.id, record.source, record.origin, record.sha256, state, lengths]
            digest.update(json.dumps(line).encode())
        return digest.hexdigest()

    def _publish(
        self,
        digest: str,
        held: Sequence[Prepared],
        embedded: int,
        problems: Sequence[Problem],
        progress: Progress,
    ) -> IngestReport:
        entries = {item.record.entry.id: item.record.entry for item in held}
        passages = [passage for item in held for passage in item.passages]
        texts, owners = sentence_rows(passages, entries)
        vectors, rest = embed_cached(
            texts,
            self.embedder,
            self.home / _VECTORS,
            lambda done, total: progress("sentences", done, total),
        )
        held = with_suggestions(held, owners, vectors)
        progress("snapshots", 0, 1)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        snapshot = self.store.publish(
            f"{stamp}-{digest[:8]}",
            digest=digest,
            embedder=self.embedder,
            records=[item.record for item in held],
            passages=passages,
            signatures=np.array([item.signature for item in held], dtype=np.uint64),
            owners=owners,
            vectors=vectors,
            terms=(passage_terms(passage, entries[passage.entry_id]) for passage in passages),
        )
        self.store.prune(self.settings.keep_snapshots)
        progress("snapshots", 1, 1)
        return _report(snapshot.id, True, held, embedded + rest, problems)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Holds a home's lock: one writer at a time.

    Raises:
        Busy: naming the process that holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    lock, holder = home / "ingest.lock", home / "ingest.pid"
    try:
        with FileLock(lock, timeout=0):
            holder.write_text(f"{os.getpid()}\n", "utf-8")
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        who = holder.read_text("utf-8").strip() if holder.exists() else "unknown"
        raise Busy(
            f"another ingestion into {home} is under way (process {who}); wait for it to end"
        ) from error


@contextmanager
def _told(home: Path) -> Iterator[None]:
    """Says in a sentence what the disk did not take."""
    try:
        yield
    except OSError as error:
        raise QiluError(
            f"{home} can't be written ({error.strerror or error}); nothing was published and the "
            "old snapshot stays in use; make room and run again, it goes on where it stopped"
        ) from error


def _report(
    snapshot: str,
    changed: bool,
    held: Sequence[Prepared],
    embedded: int,
    problems: Sequence[Problem],
) -> IngestReport:
    return IngestReport(
        snapshot=snapshot,
        changed=changed,
        documents=len(held),
        passages=sum(len(item.passages) for item in held),
        embedded=embedded,
        quarantined=tuple(problems),
        duplicates=tuple(item.record for item in held if item.record.duplicate_of),
        suggested=tuple(item.record for item in held if item.record.suggested),
    )
