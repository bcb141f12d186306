"""Files: what stands under the paths that were named, with its bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.archive import ZIP, Archive
from qilu_rag.ingest.formats import FORMATS

LINES = ".jsonl"
READABLE = frozenset(FORMATS) | {LINES, ZIP}

_SIDE_CAR = ".yaml"
_TOLD = READABLE | {_SIDE_CAR}
"""The members of an archive that are missed when they are refused."""


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
        path: of the file on disk: the archive's, for a member.
        source: how people know it: the path as given, and that inside its archive.
        suffix: the end of its name, in small letters.
        side_car: the bytes of the front matter beside it.
        member: its path inside an archive.
    """

    path: Path
    source: str
    suffix: str
    data: bytes
    side_car: bytes | None = None
    member: str = ""


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Problem]]:
    """The files to read: those named, and the readable ones inside folders that are named.

    Inside folders, hidden files, README files and side-car front matter are passed over.
    """
    files: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            files |= dict.fromkeys(_inside(path, problems))
        elif not os.path.lexists(path):
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
            real_path(path).encode()
            sound.append(path)
        except UnicodeEncodeError:
            problems.append(
                Problem(source=_shown(path), reason="the name is not UTF-8; rename the file")
            )
    return sound, problems


def _inside(root: Path, problems: list[Problem]) -> list[Path]:
    """What is to be read in a folder, in the order of names; links to folders are not followed."""

    def refused(error: OSError) -> None:
        reason = f"the folder can't be read: {error.strerror}"
        problems.append(Problem(source=_shown(error.filename), reason=reason))

    return sorted(
        path
        for folder, _, names in os.walk(root, onerror=refused)
        for path in (Path(folder, name) for name in names)
        if path.suffix.lower() in READABLE and _wanted(path.relative_to(root))
    )


def _wanted(inside: PurePath) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and inside.stem.upper() != "README"


def _shown(path: Path | str) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()


def real_path(path: Path) -> str:
    """The absolute path behind links; that of a link which leads nowhere, too."""
    return os.path.realpath(path)  # Path.resolve raises on a link that leads back to itself


def open_file(path: Path, limits: IngestSettings) -> Iterator[File | Problem]:
    """Reads a file's bytes, and those of its side-car; each member of an archive is one.

    Raises:
        DocumentError: when it can't be read or is too large.
    """
    if path.suffix.lower() == ZIP:
        yield from _open_archive(path, limits)
        return
    side_car = path.with_suffix(_SIDE_CAR)
    yield File(
        path=path,
        source=str(path),
        suffix=path.suffix.lower(),
        data=_read(path, limits),
        side_car=_read(side_car, limits) if side_car.is_file() else None,
    )


def _open_archive(path: Path, limits: IngestSettings) -> Iterator[File | Problem]:
    with _opened(path, limits) as file:
        archive = Archive(file, str(path), limits)
        refused = [name for name in archive.refused if PurePath(name).suffix.lower() in _TOLD]
        for name in refused:
            yield Problem(source=f"{path}/{name}", reason=archive.refused[name])
        wanted = [name for name in sorted(archive.members) if _is_document(PurePosixPath(name))]
        if not wanted and not refused:
            known = " ".join(sorted(READABLE - {ZIP}))
            raise DocumentError(str(path), f"holds nothing that is read; these are: {known}")
        for name in wanted:
            try:
                yield _member(archive, path, name)
            except DocumentError as error:
                yield Problem(source=error.source, reason=error.reason)


def _is_document(inside: PurePosixPath) -> bool:
    return inside.suffix.lower() in READABLE and _wanted(inside)


def _opened(path: Path, limits: IngestSettings) -> BinaryIO:
    _check(path, limits.max_expanded_bytes, "MAX_EXPANDED_BYTES")
    try:
        return path.open("rb")
    except OSError as error:
        raise DocumentError(str(path), f"can't be read: {error.strerror}") from error


def _member(archive: Archive, path: Path, name: str) -> File:
    inside = PurePosixPath(name)
    side_car = str(inside.with_suffix(_SIDE_CAR))
    return File(
        path=path,
        source=f"{path}/{name}",
        suffix=inside.suffix.lower(),
        data=archive.read(name),
        side_car=archive.read(side_car) if side_car in archive.members else None,
        member=name,
    )


def _read(path: Path, limits: IngestSettings) -> bytes:
    _check(path, limits.max_file_bytes, "MAX_FILE_BYTES")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(str(path), f"can't be read: {error.strerror}") from error


def _check(path: Path, most: int, setting: str) -> None:
    """Refuses what is too large, and what would never end: a pipe, a device."""
    try:
        status = path.stat()
    except OSError as error:
        raise DocumentError(str(path), f"can't be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(str(path), "is a pipe, device or folder, not a file; take it out")
    if status.st_size > most:
        raise DocumentError(
            str(path),
            f"{status.st_size:,} bytes are over the limit of {most:,}; "
            f"split the file or raise QILU_INGEST__{setting}",
        )
