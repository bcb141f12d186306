"""The pipeline: only what changed is done again, and no crash leaves half an index."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from qilu_rag.backends.fakes import FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import IngestSettings
from qilu_rag.errors import Busy, ModelError, QiluError, SnapshotError
from qilu_rag.ingest.pipeline import IngestReport, Pipeline
from qilu_rag.ingest.rows import passage_terms, sentence_rows
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.ports import Vectors
from qilu_rag.text.sentences import split_sentences
from qilu_rag.types import Entry, Passage

ENTRIES = {"baotuquan", "kongzi", "mengzi", "mengzi-book", "taishan"}


class Failing(FakeEmbedder):
    """Gives up after some batches."""

    def __init__(self, after: int = 0) -> None:
        super().__init__()
        self.after = after

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if self.after == 0:
            raise ModelError("out of order")
        self.after -= 1
        return super().embed_passages(texts)


class FailingVectors(FakeVectorBackend):
    def build(self, vectors: Vectors, path: Path) -> None:
        super().build(vectors, path)
        raise OSError("disk full")


class FailingWords(FakeWordBackend):
    def build(self, rows: Iterable[Sequence[str]], path: Path) -> None:
        super().build(rows, path)
        raise OSError("disk full")


def run(pipeline: Pipeline, *paths: Path) -> IngestReport:
    return pipeline.run(paths, lambda *_: None)


def held(pipeline: Pipeline) -> set[str]:
    return set(pipeline.store.open(pipeline.embedder).entries())


def quarantine(pipeline: Pipeline) -> list[tuple[str, str]]:
    text = (pipeline.home / "quarantine.json").read_text("utf-8")
    return [(item["source"], item["reason"]) for item in json.loads(text)]


def folders(pipeline: Pipeline) -> list[str]:
    return sorted(p.name for p in pipeline.store.folder.iterdir() if p.is_dir())


def test_a_first_run(pipeline: Pipeline, corpus: Path, embedder: FakeEmbedder) -> None:
    seen: list[tuple[str, int, int]] = []
    report = pipeline.run([corpus], lambda *at: seen.append(at))
    snapshot = pipeline.store.open(embedder)
    assert report.changed
    assert report.snapshot == snapshot.id
    assert report.documents == 5
    assert report.passages == len(snapshot.passages)
    assert report.embedded == embedder.embedded == len(snapshot.owners)
    assert report.quarantined == ()
    assert set(snapshot.entries()) == ENTRIES
    assert {stage for stage, _, _ in seen} == {"documents", "passages", "sentences", "snapshots"}
    assert all(0 <= done <= (total or done) for _, done, total in seen)
    assert {p.source for p in snapshot.passages} == {str(p) for p in corpus.rglob("*.md")}


def test_each_sentence_has_its_vector(pipeline: Pipeline, corpus: Path) -> None:
    run(pipeline, corpus)
    snapshot = pipeline.store.open(pipeline.embedder)
    texts, owners = sentence_rows(snapshot.passages, snapshot.entries())
    assert owners.tolist() == snapshot.owners.tolist()
    vectors = FakeEmbedder().embed_queries(texts)
    scores, rows = snapshot.vectors.search(vectors, 1)
    assert [texts[row] for row in rows[:, 0]] == texts
    assert scores.min() > 0.999


def test_nothing_new_does_nothing(pipeline: Pipeline, corpus: Path, embedder: FakeEmbedder) -> None:
    first = run(pipeline, corpus)
    done = embedder.embedded
    again = run(pipeline, corpus)
    assert not again.changed
    assert again.snapshot == first.snapshot
    assert (again.embedded, embedder.embedded) == (0, done)
    assert (again.documents, again.passages) == (first.documents, first.passages)
    assert folders(pipeline) == [first.snapshot]


def test_a_changed_file_costs_only_its_new_sentences(
    pipeline: Pipeline, corpus: Path, embedder: FakeEmbedder
) -> None:
    first = run(pipeline, corpus)
    path = corpus / "figures/mengzi.md"
    path.write_text(path.read_text("utf-8") + "孟子周游列国。他到过齐国。\n", "utf-8")
    report = run(pipeline, corpus)
    assert report.changed
    assert report.snapshot != first.snapshot
    assert report.embedded == 2
    texts = " ".join(p.text for p in pipeline.store.open(embedder).passages)
    assert "孟子周游列国。" in texts


def test_changed_front_matter_makes_a_new_snapshot(pipeline: Pipeline, corpus: Path) -> None:
    run(pipeline, corpus)
    path = corpus / "figures/mengzi.md"
    path.write_text(path.read_text("utf-8").replace("邹城市", "邹县"), "utf-8")
    report = run(pipeline, corpus)
    assert (report.changed, report.embedded) == (True, 0)
    place = pipeline.store.open(pipeline.embedder).entries()["mengzi"].place
    assert place is not None
    assert place.county == "邹县"


def test_another_length_of_passages_makes_a_new_snapshot(pipeline: Pipeline, corpus: Path) -> None:
    (corpus / "long.txt").write_text("这是一个不长也不短的句子。" * 30, "utf-8")
    run(pipeline, corpus)
    shorter = replace(pipeline, settings=IngestSettings(passage_min=20, passage_max=60))
    report = run(shorter, corpus)
    assert (report.changed, report.embedded) == (True, 0)


def test_a_deleted_file_disappears(pipeline: Pipeline, corpus: Path) -> None:
    run(pipeline, corpus)
    (corpus / "landscapes/taishan.md").unlink()
    report = run(pipeline, corpus)
    assert (report.changed, report.embedded) == (True, 0)
    assert held(pipeline) == ENTRIES - {"taishan"}


def test_a_deleted_file_disappears_when_it_is_named(pipeline: Pipeline, corpus: Path) -> None:
    run(pipeline, corpus)
    path = corpus / "landscapes/taishan.md"
    path.unlink()
    report = run(pipeline, path)
    assert [p.source for p in report.quarantined] == [str(path)]
    assert held(pipeline) == ENTRIES - {"taishan"}


def test_other_paths_are_kept(pipeline: Pipeline, corpus: Path, tmp_path: Path) -> None:
    run(pipeline, corpus)
    before = list(pipeline.store.open(pipeline.embedder).passages)
    (tmp_path / "corpus-b").mkdir()
    (tmp_path / "corpus-b/new.md").write_text("---\nid: new\ntitle: 新\n---\n新的正文。", "utf-8")
    run(pipeline, tmp_path / "corpus-b")
    assert held(pipeline) == ENTRIES | {"new"}
    after = pipeline.store.open(pipeline.embedder).passages
    assert [p for p in after if p.entry_id != "new"] == before
    (corpus / "figures/kongzi.md").unlink()
    run(pipeline, corpus / "figures")
    assert held(pipeline) == (ENTRIES | {"new"}) - {"kongzi"}


def test_the_same_folder_by_another_way_is_the_same(
    pipeline: Pipeline, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pipeline, corpus)
    monkeypatch.chdir(corpus.parent)
    report = run(pipeline, Path("corpus"))
    assert report.embedded == 0
    assert report.documents == 5


def test_an_empty_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = run(pipeline, tmp_path / "empty")
    assert (report.documents, report.passages) == (0, 0)
    assert held(pipeline) == set()


def test_retired_entries_stay_out(pipeline: Pipeline, corpus: Path) -> None:
    path = corpus / "figures/mengzi.md"
    path.write_text(
        path.read_text("utf-8").replace("---\n孟", "review: {state: retired}\n---\n孟"), "utf-8"
    )
    report = run(pipeline, corpus)
    assert report.quarantined == ()
    assert held(pipeline) == ENTRIES - {"mengzi"}


@pytest.mark.parametrize("word", ["违禁", "封锁"])
@pytest.mark.parametrize("where", ["body", "alias"])
def test_what_the_gate_stops_waits_with_its_reason(
    pipeline: Pipeline, corpus: Path, word: str, where: str
) -> None:
    path = corpus / "folk.md"
    alias, body = (word, "x") if where == "alias" else ("x", word)
    path.write_text(f"---\nid: f\ntitle: 民俗\naliases: [{alias}]\n---\n正文{body}。", "utf-8")
    report = run(pipeline, corpus)
    assert [(p.source, p.reason) for p in report.quarantined] == quarantine(pipeline)
    ((source, reason),) = quarantine(pipeline)
    assert source == str(path)
    assert f"word.{word}" in reason
    assert held(pipeline) == ENTRIES
    path.write_text("---\nid: f\ntitle: 民俗\n---\n正文。", "utf-8")
    assert run(pipeline, corpus).quarantined == ()
    assert quarantine(pipeline) == []
    assert held(pipeline) == ENTRIES | {"f"}


def test_a_file_that_turns_bad_leaves_the_index(pipeline: Pipeline, corpus: Path) -> None:
    run(pipeline, corpus)
    (corpus / "landscapes/taishan.md").write_text("---\nid: taishan\n---\nx", "utf-8")
    report = run(pipeline, corpus)
    assert "title" in report.quarantined[0].reason
    assert held(pipeline) == ENTRIES - {"taishan"}


def test_double_ids_are_refused(pipeline: Pipeline, corpus: Path, tmp_path: Path) -> None:
    text = "---\nid: kongzi\ntitle: 另一个\n---\n正文。"
    inside, outside = corpus / "zzz.md", tmp_path / "outside.md"
    for path in (inside, outside):
        path.write_text(text, "utf-8")
    report = run(pipeline, corpus)
    assert [p.source for p in report.quarantined] == [str(inside)]
    assert "the id kongzi is taken" in report.quarantined[0].reason
    report = run(pipeline, outside)
    assert [p.source for p in report.quarantined] == [str(outside)]
    assert pipeline.store.open(pipeline.embedder).entries()["kongzi"].title == "孔子"


def test_a_corpus_that_was_moved_is_the_same_corpus(
    pipeline: Pipeline, corpus: Path, tmp_path: Path
) -> None:
    run(pipeline, corpus)
    moved = corpus.rename(tmp_path / "moved")
    (moved / "figures/mengzi.md").write_text("---\nid: mengzi\ntitle: 孟轲\n---\n孟轲。\n", "utf-8")
    report = run(pipeline, moved)
    assert report.quarantined == ()
    snapshot = pipeline.store.open(pipeline.embedder)
    assert snapshot.entries()["mengzi"].title == "孟轲"
    assert {Path(record.origin).parents[1] for record in snapshot.records} == {moved}


def test_a_copy_takes_the_place_of_what_it_copies(
    pipeline: Pipeline, corpus: Path, tmp_path: Path
) -> None:
    run(pipeline, corpus)
    copied = tmp_path / "copied.md"
    shutil.copy(corpus / "figures/kongzi.md", copied)
    report = run(pipeline, copied)
    assert (report.quarantined, report.documents) == ((), 5)


def test_what_was_mended_comes_in_at_the_next_try(pipeline: Pipeline, corpus: Path) -> None:
    bad = corpus / "bad.md"
    bad.write_text("---\nid: bad\ntitle: 坏\ncolour: red\n---\n正文。\n", "utf-8")
    run(pipeline, corpus)
    assert [p.source for p in pipeline.retry(lambda *_: None).quarantined] == [str(bad)]
    bad.write_text("---\nid: bad\ntitle: 好\n---\n正文。\n", "utf-8")
    report = pipeline.retry(lambda *_: None)
    assert (report.quarantined, report.documents) == ((), 6)
    assert quarantine(pipeline) == []
    assert not pipeline.retry(lambda *_: None).changed


TEMPLE = "济宁市曲阜的孔庙始建于鲁哀公十七年，历代增修。" * 4 + "大成殿内祭祀孔子，殿前有杏坛。" * 3


def test_what_says_the_same_is_linked_and_not_indexed_twice(
    pipeline: Pipeline, corpus: Path, tmp_path: Path
) -> None:
    first, second = corpus / "first.md", tmp_path / "second.txt"
    first.write_text(f"---\nid: first\ntitle: 孔庙\n---\n{TEMPLE}\n", "utf-8")
    second.write_text(TEMPLE.replace("历代", "歷代"), "utf-8")
    run(pipeline, corpus)
    report = run(pipeline, second)
    assert [(r.source, r.duplicate_of) for r in report.duplicates] == [(str(second), "first")]
    snapshot = pipeline.store.open(pipeline.embedder)
    assert {p.source for p in snapshot.passages if "大成殿" in p.text} == {str(first)}
    assert len(snapshot.entries()) == len(snapshot.records) - 1
    assert not run(pipeline, second).changed

    first.unlink()
    report = run(pipeline, corpus)
    assert report.duplicates == ()
    passages = pipeline.store.open(pipeline.embedder).passages
    assert {p.source for p in passages if "大成殿" in p.text} == {str(second)}


def test_what_came_bare_gets_suggestions_and_no_facts(pipeline: Pipeline, corpus: Path) -> None:
    bare = corpus / "bare.txt"
    bare.write_text(f"孔庙\n{TEMPLE}", "utf-8")
    (record,) = run(pipeline, corpus).suggested
    assert record.source == str(bare)
    assert record.suggested is not None
    assert record.suggested["city"] == "济宁"
    assert "济宁" in record.suggested["why"]["city"]
    assert record.entry.place is None


def test_lines_of_a_jsonl_file(pipeline: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        '{"id": 1, "text": "好的正文。"}',
        '{"id": 2, "text": "违禁的正文。"}',
        "{",
        '{"id": 1, "text": "又。"}',
    ]
    path.write_text("\n".join(lines), "utf-8")
    for _ in range(3):
        report = run(pipeline, path)
        assert [p.source for p in report.quarantined] == ["2", f"{path}:3", "1"]
        assert [source for source, _ in quarantine(pipeline)] == ["2", f"{path}:3", "1"]
    assert held(pipeline) == {"1"}


def test_quarantine_keeps_what_other_runs_set_aside(pipeline: Pipeline, tmp_path: Path) -> None:
    for name in ("a", "ab"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.md").write_text("---\nid: x\n---\nx")
        run(pipeline, tmp_path / name)
    assert len(quarantine(pipeline)) == 2
    (tmp_path / "a/x.md").unlink()
    run(pipeline, tmp_path / "a")
    assert [source for source, _ in quarantine(pipeline)] == [str(tmp_path / "ab/x.md")]


def test_another_embedder_makes_a_new_snapshot(
    pipeline: Pipeline, corpus: Path, tmp_path: Path
) -> None:
    run(pipeline, corpus)
    other = replace(pipeline, embedder=FakeEmbedder(name="other"))
    with pytest.raises(SnapshotError, match="embedder"):
        other.store.open(other.embedder)
    (tmp_path / "new.txt").write_text("新的正文。", "utf-8")
    report = run(other, tmp_path / "new.txt")
    assert report.changed
    assert len(held(other)) == 6
    assert report.embedded == len(other.store.open(other.embedder).owners)


def test_old_snapshots_are_pruned(pipeline: Pipeline, corpus: Path) -> None:
    names = []
    for n in range(5):
        (corpus / "turn.txt").write_text(f"第{n}次。", "utf-8")
        names.append(run(pipeline, corpus).snapshot)
    assert folders(pipeline) == names[-3:]


def long_corpus(corpus: Path) -> int:
    """Adds more sentences than go into one batch."""
    text = "".join(f"这是第{n}句话。" for n in range(400))
    (corpus / "long.txt").write_text(text, "utf-8")
    return 400


@pytest.mark.parametrize("fresh", [True, False], ids=["first-run", "later-run"])
def test_a_failing_embedder_changes_nothing(pipeline: Pipeline, corpus: Path, fresh: bool) -> None:
    if not fresh:
        run(pipeline, corpus)
    before = pipeline.store.current_id()
    long_corpus(corpus)
    with pytest.raises(ModelError):
        run(replace(pipeline, embedder=Failing(after=1)), corpus)
    assert pipeline.store.current_id() == before
    if before:
        assert held(pipeline) == ENTRIES
    embedder = FakeEmbedder()
    report = run(replace(pipeline, embedder=embedder), corpus)
    assert report.changed
    whole = len(pipeline.store.open(embedder).owners)
    already = 256 + (0 if fresh else whole - 400)
    assert report.embedded == embedder.embedded == whole - already


@pytest.mark.parametrize("part", ["vectors", "words"])
@pytest.mark.parametrize("fresh", [True, False], ids=["first-run", "later-run"])
def test_a_failing_backend_changes_nothing(
    pipeline: Pipeline, corpus: Path, part: str, fresh: bool
) -> None:
    if not fresh:
        run(pipeline, corpus)
        (corpus / "new.txt").write_text("新的正文。", "utf-8")
    before = pipeline.store.current_id()
    vectors = FailingVectors() if part == "vectors" else FakeVectorBackend()
    words = FailingWords() if part == "words" else FakeWordBackend()
    broken = replace(pipeline, store=SnapshotStore(pipeline.store.folder, vectors, words))
    with pytest.raises(QiluError, match=r"disk full.*the old snapshot stays in use"):
        run(broken, corpus)
    assert folders(pipeline) == ([before] if before else [])
    assert pipeline.store.current_id() == before
    if before:
        assert held(pipeline) == ENTRIES
    report = run(pipeline, corpus)
    assert (report.changed, report.embedded) == (True, 0)
    assert held(pipeline) >= ENTRIES


@pytest.mark.parametrize(
    "name", ["manifest.json", "documents.jsonl", "passages.jsonl", "owners.npy", "vectors.faiss",
             "words/rows.json"]
)  # fmt: skip
@pytest.mark.parametrize("share", [0, 0.5])
def test_a_damaged_snapshot_is_mended_by_ingesting_again(
    pipeline: Pipeline, corpus: Path, name: str, share: float
) -> None:
    first = run(pipeline, corpus)
    path = pipeline.store.folder / first.snapshot / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SnapshotError, match="run: qilu ingest"):
        pipeline.store.open(pipeline.embedder)
    report = run(pipeline, corpus)
    assert (report.changed, report.embedded) == (True, 0)
    assert held(pipeline) == ENTRIES
    assert not run(pipeline, corpus).changed


def test_what_a_damaged_snapshot_held_from_elsewhere_is_told(
    pipeline: Pipeline, corpus: Path
) -> None:
    first = run(pipeline, corpus)
    (pipeline.store.folder / first.snapshot / "documents.jsonl").write_text("")
    report = run(pipeline, corpus / "figures")
    assert held(pipeline) == {"kongzi", "mengzi"}
    assert "ingest that again" in report.quarantined[0].reason
    assert quarantine(pipeline) == []


def test_two_at_once(pipeline: Pipeline, corpus: Path) -> None:
    caught: list[BaseException] = []

    class Nested(FakeEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Vectors:
            def second() -> None:
                try:
                    run(pipeline, corpus)
                except Busy as error:
                    caught.append(error)

            thread = Thread(target=second)
            thread.start()
            thread.join()
            return super().embed_passages(texts)

    run(replace(pipeline, embedder=Nested()), corpus)
    assert len(caught) == 1
    assert str(pipeline.home) in str(caught[0])
    assert held(pipeline) == ENTRIES
    run(pipeline, corpus)  # the lock is free again


def test_a_row_for_each_sentence_with_its_title() -> None:
    text = "泰山很高。主峰海拔1532.7米。"
    passage = Passage(
        id="t#1", entry_id="t", text=text, start=0, end=len(text), locator="概况", source="t",
        sentences=((0, 5), (5, len(text))),
    )  # fmt: skip
    entry = Entry(id="t", title="泰山", title_en="Mount Tai", aliases=("岱宗",))
    rows, owners = sentence_rows([passage, passage], {"t": entry})
    assert rows == ["泰山很高。", "泰山：主峰海拔1532.7米。"] * 2
    assert owners.tolist() == [0, 0, 1, 1]
    assert {"泰山", "主峰", "mount", "tai", "概况"} <= set(passage_terms(passage, entry))


def test_a_row_of_an_original_text_is_bare_and_simplified() -> None:
    text = "孟子曰：「民為貴。」"
    passage = Passage(
        id="m#1", entry_id="m", text=text, start=0, end=len(text), locator="14.14", source="m",
        sentences=((0, len(text)),),
    )  # fmt: skip
    entry = Entry(id="m", title="《孟子》原文", origin="original")
    assert sentence_rows([passage], {"m": entry})[0] == ["孟子曰：「民为贵。」"]
    assert sentence_rows([passage], {"m": replace(entry, origin="human")})[0] == [
        "《孟子》原文：孟子曰：「民为贵。」"
    ]


# A process that is told to start a child, and then kills nothing itself: the test does.
NURSERY = """
import os, sys, time
from pathlib import Path
from qilu_rag.backends.fakes import FakeEmbedder, FakeVectorBackend, FakeWordBackend
from qilu_rag.config import IngestSettings
from qilu_rag.ingest.pipeline import Pipeline
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.text.words import words
from qilu_rag.types import Verdict

home, corpus = Path(sys.argv[1]), Path(sys.argv[2])
words("预先读入词典")

class Slow(FakeEmbedder):
    def embed_passages(self, texts):
        time.sleep(0.005)
        return super().embed_passages(texts)

def ingest_for_ever():
    store = SnapshotStore(home / "snapshots", FakeVectorBackend(), FakeWordBackend())
    pipeline = Pipeline(
        home=home, settings=IngestSettings(), store=store, embedder=Slow(),
        screen=lambda text, source: Verdict(action="pass", text=text),
    )
    turn = 0
    while True:
        turn += 1
        text = "".join(f"第{turn}回的第{n}句话。" for n in range(40))
        (corpus / "turn.txt").write_text(text, "utf-8")
        pipeline.run([corpus], lambda *_: None)

for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        ingest_for_ever()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def test_killed_at_any_moment(pipeline: Pipeline, corpus: Path, tmp_path: Path) -> None:
    chance = random.Random(20)
    command = [sys.executable, "-c", NURSERY, str(pipeline.home), str(corpus)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        turns, longest = 0, 0.3
        while turns < 5:  # on a busy machine a run takes longer than on an idle one
            longest *= 1.2
            nursery.stdin.write("next\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            time.sleep(chance.uniform(0.02, longest))
            os.kill(child, signal.SIGKILL)
            assert nursery.stdout.readline() == "gone\n"
            if pipeline.store.current_id() is not None:
                turns += 1
                pipeline.store.open(pipeline.embedder)
        nursery.stdin.close()
        assert nursery.wait() == 0
    (corpus / "turn.txt").write_text("最后的正文。", "utf-8")
    run(pipeline, corpus)
    quiet = replace(
        pipeline,
        home=tmp_path / "quiet",
        store=SnapshotStore(tmp_path / "quiet/snapshots", FakeVectorBackend(), FakeWordBackend()),
    )
    run(quiet, corpus)
    assert digest(pipeline) == digest(quiet)
    first, second = (p.store.open(p.embedder) for p in (pipeline, quiet))
    assert tuple(first.passages) == tuple(second.passages)
    assert first.records == second.records
    assert first.owners.tolist() == second.owners.tolist()
    query = FakeEmbedder().embed_queries(split_sentences("泰山在哪里？孔子的弟子有多少？"))
    assert first.vectors.search(query, 5)[1].tolist() == second.vectors.search(query, 5)[1].tolist()
    assert not run(pipeline, corpus).changed
    shutil.rmtree(quiet.home)


def digest(pipeline: Pipeline) -> object:
    current = pipeline.store.current_id()
    assert current is not None
    return pipeline.store.manifest(current)["digest"]
