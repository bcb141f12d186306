"""Generated documents, and runs over them whose figures must fit together."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from evals import bench_ingest
from evals.bench_embedders import CheapEmbedder, Measured
from evals.bench_ingest import Size, as_table, questions, slopes
from evals.bench_peers import llama_index, txtai
from evals.bench_runs import Ours, Run, measure, ours, recall_at_5
from evals.generated import Generated, Material, generate, read_material
from qilu_rag.backends.fakes import FakeEmbedder
from qilu_rag.config import IngestSettings
from qilu_rag.errors import InputError
from qilu_rag.ingest.files import find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.split import split
from qilu_rag.types import Document, Passage

WHOLE = Path(__file__).resolve().parents[2] / "corpus" / "landscapes"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A dozen entries of the corpus, taken apart."""
    folder = tmp_path_factory.mktemp("some")
    for path in sorted(WHOLE.glob("*.md"))[:12]:
        (folder / path.name).write_bytes(path.read_bytes())
    return read_material(folder)


@pytest.fixture(scope="module")
def made(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(material, tmp_path_factory.mktemp("made"), 50)


def passages(folder: Path) -> list[Passage]:
    documents = [d for p in find_files([folder])[0] for d in load_file(p, IngestSettings())]
    assert all(isinstance(document, Document) for document in documents)
    return [p for d in documents if isinstance(d, Document) for p in split(d, shortest=120, longest=300)]  # fmt: skip


def test_the_same_files_come_out_again(material: Material, made: Generated, tmp_path: Path) -> None:
    again = generate(material, tmp_path, 50)
    assert again.sentences == made.sentences
    files = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.md"))
    assert len(files) == again.documents == made.documents
    for name in files:
        assert (tmp_path / name).read_bytes() == (made.folder / name).read_bytes()


def test_there_are_as_many_passages_as_wanted(made: Generated) -> None:
    found = passages(made.folder)
    assert 50 <= len(found) == made.passages <= 56
    assert sum(len(passage.text) for passage in found) == made.characters
    assert len({passage.entry_id for passage in found}) == made.documents


def test_every_sentence_stands_in_the_corpus(material: Material, made: Generated) -> None:
    known = set(material.sentences)
    found = [p.text[a:b] for p in passages(made.folder) for a, b in p.sentences]
    assert found
    assert set(found) <= known
    corpus = "".join(path.read_text("utf-8") for path in sorted(WHOLE.glob("*.md"))[:12])
    bare = [sentence for sentence in known if sentence in corpus]
    assert len(bare) > 0.6 * len(known)  # the others had a source mark in them


def test_questions_are_pieces_of_the_document_that_they_name(made: Generated) -> None:
    texts: dict[str, str] = {}
    for passage in passages(made.folder):
        texts[passage.entry_id] = texts.get(passage.entry_id, "") + passage.text
    asked = questions(made)
    assert asked
    for text, name in asked:
        assert len(text) == 20
        assert text in texts[name]


def test_our_run_adds_up(made: Generated, tmp_path: Path) -> None:
    embedder = Measured(FakeEmbedder(), keep=True)
    run = ours(made.folder, tmp_path / "home", embedder, made.characters, questions(made))
    first = run.first
    assert run.quarantined == 0
    assert (first.documents, first.pieces) == (made.documents, made.passages)
    assert first.texts == sum(len(passage.sentences) for passage in passages(made.folder))
    assert first.characters == sum(map(len, embedder.kept[: first.texts]))
    assert first.characters > first.indexed == made.characters  # each text has its title
    assert 0 < first.embedding < first.seconds
    assert first.outside + first.embedding == pytest.approx(first.seconds)
    assert 0 < first.share < 1
    assert first.recall == 1.0
    assert (run.unchanged.texts, run.unchanged.embedding) == (0, 0.0)
    assert run.one_changed.texts == 1
    assert run.one_changed.documents == made.documents


def test_the_changed_document_is_put_back(made: Generated, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in made.folder.rglob("*.md")}
    ours(made.folder, tmp_path / "home", Measured(CheapEmbedder()), made.characters)
    assert {path: path.read_bytes() for path in made.folder.rglob("*.md")} == before


def test_llama_index_takes_in_the_same_documents(made: Generated) -> None:
    embedder = Measured(FakeEmbedder(), keep=True)
    run, find = llama_index(made.folder, embedder)
    assert run.documents == made.documents
    assert run.pieces == run.texts == len(embedder.kept)
    assert run.indexed >= made.characters  # front matter and all
    assert 0 < run.embedding < run.seconds
    names = {path.stem for path in made.folder.rglob("*.md")}
    assert set(find("泰山")) <= names


def test_a_peer_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "txtai", None)
    with pytest.raises(InputError, match="pip install txtai"):
        txtai(tmp_path, Measured(CheapEmbedder()))


def test_the_cheap_embedder_keeps_to_the_port() -> None:
    embedder = CheapEmbedder()
    vectors = embedder.embed_passages(["泰山。", "孔子。", "泰山。"])
    assert vectors.shape == (3, embedder.identity.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[2])
    assert abs(float(vectors[0] @ vectors[1])) < 0.3


def test_memory_at_the_most_is_told() -> None:
    def held() -> int:
        ones = np.ones(2**24, dtype=np.float32)
        time.sleep(0.2)
        return int(ones.sum())

    run, total = measure("ones", Measured(CheapEmbedder()), held)
    assert total == 2**24
    assert 55 < run.peak < 100  # 64 MiB, freed again when the call is over


def test_recall_looks_at_five() -> None:
    found = {"a": ["1", "2", "3", "4", "5", "6"], "b": ["6", "5", "4", "3", "2", "1"]}
    asked = [("a", "5"), ("a", "6"), ("b", "6"), ("b", "1")]
    assert recall_at_5(asked, found.__getitem__) == 0.5
    assert recall_at_5([], found.__getitem__) is None


def size(number: int, seconds: float, peak: float) -> Size:
    run = Run(
        name="qilu_rag",
        pieces=number,
        texts=number,
        characters=number,
        seconds=seconds,
        cpu=seconds,
        embedding=seconds / 2,
        embedding_cpu=seconds / 2,
        peak=peak,
    )
    of = Ours(first=run, unchanged=run, one_changed=run, quarantined=0)
    return Size(passages=number, ours=of, peers=(run,))


def test_slopes() -> None:
    assert slopes([size(1000, 1, 10), size(10, 0.1, 10), size(100, 0.5, 1)]) == pytest.approx(
        {"outside": 0.5, "peak": 0.0}
    )
    assert slopes([size(10, 1, 1)]) == {}


def test_the_table_has_a_row_for_each_run() -> None:
    assert as_table([size(10, 1, 10), size(100, 2, 10)]).row_count == 8


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench_ingest, "in_fresh_process", lambda call, *rest: call(*rest))
    bench_ingest.main(["--passages", "12", "--embedder", "fake", "--corpus", str(WHOLE), "--json"])
    found = json.loads(capsys.readouterr().out)
    (only,) = found["sizes"]
    assert found["slopes"] == {}
    assert only["quarantined"] == 0
    assert [run["name"] for run in only["runs"]] == [
        "qilu_rag",
        "nothing changed",
        "one document changed",
    ]
    assert only["runs"][0]["pieces"] == only["passages"]
    assert only["runs"][0]["times_ours"] == 1
