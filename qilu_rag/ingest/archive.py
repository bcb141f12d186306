"""Zip archives: their members, as if they lay in a folder.

Nothing is unpacked to disk. An archive is hostile until shown otherwise: how many members it
has and how much they hold is bounded before any is unpacked and again while it is, and a
member whose name or kind could mislead is set aside.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from pathlib import PurePosixPath
from typing import BinaryIO

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError

ZIP = ".zip"

_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError,
           OverflowError, NotImplementedError, RuntimeError)  # fmt: skip
"""What zipfile lets through on a damaged archive."""

_UTF8 = 0x800
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30
"""Bytes before a member's name; APPNOTE.TXT 4.3.7 and 4.4.4 name this and the flags."""
_LONGEST_ENTRY = 512
_APPLE = "__MACOSX/"
"""Where macOS packs what its Finder knows of each file, under that file's name."""
_DRIVE = re.compile(r"[A-Za-z]:")


class Archive:
    """The members of a zip archive, by their names.

    Attributes:
        members: name → member, of those that can be read.
        refused: name as it can be shown → why it can't be read.
    """

    def __init__(self, file: BinaryIO, source: str, limits: IngestSettings) -> None:
        """Lists an open archive's members.

        Raises:
            DocumentError: when it is no archive, or one that is made to do harm.
        """
        self._source = source
        self._limits = limits
        self.members: dict[str, zipfile.ZipInfo] = {}
        self.refused: dict[str, str] = {}
        _check_directory(file, source, limits)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            reason = "is not a whole zip archive; pack it again"
            raise DocumentError(source, reason) from error
        self._check_members()
        for info in self._zip.infolist():
            self._list(info)

    def read(self, name: str) -> bytes:
        """A member's bytes.

        Raises:
            DocumentError: when it is damaged or too large.
        """
        shown = f"{self._source}/{name}"
        most = self._limits.max_file_bytes
        try:
            with self._zip.open(self.members[name]) as member:
                data = member.read(most + 1)
        except _BROKEN as error:
            raise DocumentError(shown, "is damaged in its archive; pack it again") from error
        if len(data) > most:
            reason = f"over {most:,} bytes; split it or raise QILU_INGEST__MAX_FILE_BYTES"
            raise DocumentError(shown, reason)
        return data

    def _check_members(self) -> None:
        infos = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        if len(infos) > self._limits.max_members:
            raise DocumentError(self._source, _too_many(self._limits))
        for info, after in pairwise(infos):
            # The bombs of David Fifield (2019) unpack one run of bytes as many members.
            if info.header_offset + _LOCAL_HEADER + info.compress_size > after.header_offset:
                reason = "holds members that overlap, as zip bombs do; pack it again"
                raise DocumentError(self._source, reason)
        whole = sum(info.file_size for info in infos)
        if whole > self._limits.max_expanded_bytes:
            reason = (
                f"holds {whole:,} bytes, over the limit of {self._limits.max_expanded_bytes:,}; "
                "split it or raise QILU_INGEST__MAX_EXPANDED_BYTES"
            )
            raise DocumentError(self._source, reason)

    def _list(self, info: zipfile.ZipInfo) -> None:
        name = _name(info).replace("\\", "/")
        if name.startswith(_APPLE):
            return
        reason = _refusal(name, info)
        if reason is None and name in self.members:
            reason = "its name stands twice in the archive; the first is read, rename the other"
        if reason is not None:
            self.refused[repr(name)[1:-1]] = reason
        elif not name.endswith("/"):
            self.members[name] = info


def _check_directory(file: BinaryIO, source: str, limits: IngestSettings) -> None:
    """Refuses a table of contents that would take all memory to read.

    The end record is found by zipfile itself, which would otherwise read another than the
    one that was looked at.
    """
    try:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    except _BROKEN as error:
        raise DocumentError(source, "is not a whole zip archive; pack it again") from error
    if end and end[zipfile._ECD_SIZE] > limits.max_members * _LONGEST_ENTRY:  # type: ignore[attr-defined]
        raise DocumentError(source, _too_many(limits))


def _too_many(limits: IngestSettings) -> str:
    return f"has over {limits.max_members:,} members; split it or raise QILU_INGEST__MAX_MEMBERS"


def _name(info: zipfile.ZipInfo) -> str:
    """A member's name: UTF-8 where the archive says so, else as Chinese Windows writes it."""
    if info.flag_bits & _UTF8:
        return info.filename
    raw = info.filename.encode("cp437")  # what zipfile takes unmarked names to be
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _refusal(name: str, info: zipfile.ZipInfo) -> str | None:
    """Why a member is not read, whatever it holds."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    leads_out = name.startswith("/") or _DRIVE.match(name) or ".." in PurePosixPath(name).parts
    # zipfile unpacks what is packed by other methods in pieces of any size.
    plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    checks = (
        (leads_out, "its name leads out of the archive; pack it again"),
        (not name.isprintable(), "its name holds characters that can't be seen; rename it"),
        (
            kind not in (0, stat.S_IFREG, stat.S_IFDIR),
            "is a link or a device, not a file; pack what it stands for",
        ),
        (info.flag_bits & _ENCRYPTED, "is encrypted; pack it without a password"),
        (name.lower().endswith(ZIP), "is an archive inside an archive; unpack it first"),
        (not plain, "is packed by a method that is not read; pack it as a plain zip"),
    )
    return next((reason for holds, reason in checks if holds), None)
