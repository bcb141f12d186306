"""Files: what stands under the paths that were named, with its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats import FORMATS

LINES = ".jsonl"
READABLE = frozenset(FORMATS) | {LINES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A file or line that could not be loaded, and why.

    Attributes:
        origin: absolute path of the file, filled in by the pipeline.
    """

    source: str
    reason: str
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file's bytes.

    Attributes:
        source: how people know it: the path as given.
        suffix: the end of its name, in small letters.
        side_car: the bytes of the front matter beside it.
    """

    path: Path
    source: str
    suffix: str
    data: bytes
    side_car: bytes | None = None


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """The files to read: those named, and the readable ones inside folders that are named.

    Inside folders, hidden files, README files and side-car front matter are passed over.
    """
    files: dict[Path, None] = {}
    problems = []
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in READABLE)
            files |= dict.fromkeys(p for p in found if p.is_file() and _wanted(p, path))
        elif not path.exists():
            problems.append(Problem(source=str(path), reason="there is no such file or folder"))
        elif path.suffix.lower() not in READABLE:
            known = " ".join(sorted(READABLE))
            problems.append(
                Problem(source=str(path), reason=f"this format is not read; these are: {known}")
            )
        else:
            files[path] = None
    sound = []
    for path in files:
        try:
            str(path.resolve()).encode()
            sound.append(path)
        except UnicodeEncodeError:
            shown = str(path).encode("utf-8", "backslashreplace").decode()
            problems.append(Problem(source=shown, reason="the name is not UTF-8; rename the file"))
    return sound, problems


def _wanted(path: Path, root: Path) -> bool:
    inside = path.relative_to(root)
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and path.stem.upper() != "README"


def open_file(path: Path, limits: IngestSettings) -> Iterator[File]:
    """Reads a file's bytes, and those of its side-car.

    Raises:
        DocumentError: when it can't be read or is too large.
    """
    side_car = path.with_suffix(".yaml")
    yield File(
        path=path,
        source=str(path),
        suffix=path.suffix.lower(),
        data=_read(path, limits),
        side_car=_read(side_car, limits) if side_car.is_file() else None,
    )


def _read(path: Path, limits: IngestSettings) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.max_file_bytes:
            raise DocumentError(
                str(path),
                f"{size:,} bytes are over the limit of {limits.max_file_bytes:,}; "
                "split the file or raise QILU_INGEST__MAX_FILE_BYTES",
            )
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(str(path), f"can't be read: {error.strerror}") from error
