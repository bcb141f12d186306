"""Zip containers: checked for their real size before anything else reads them."""

from __future__ import annotations

import io
import zipfile
import zlib

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError

_MOST_MEMBERS = 20_000
_CHUNK = 2**20
_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,  # methods and versions that zipfile does not know
    RuntimeError,
)
"""What zipfile raises on damaged containers."""


def open_zip(data: bytes, source: str, limits: IngestSettings) -> zipfile.ZipFile:
    """Opens a zip container of which every member is whole and all together fit the bounds.

    A container can lie about the sizes of its members, so that they are checked twice: as
    declared, which costs nothing, and by expanding each once, a piece at a time.

    Raises:
        DocumentError: when it is damaged, encrypted, or expands to too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise DocumentError(source, "is encrypted; hand in a copy without a password")
        if len(members) > _MOST_MEMBERS:
            raise DocumentError(source, f"holds over {_MOST_MEMBERS:,} parts; split it")
        if sum(member.file_size for member in members) > limits.max_expanded_bytes:
            raise _too_large(source, limits)
        left = limits.max_expanded_bytes
        for member in members:
            with archive.open(member) as part:
                while piece := part.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise _too_large(source, limits)
    except _DAMAGED as error:
        raise DocumentError(
            source, f"is not a whole zip container ({type(error).__name__}); save it again"
        ) from error
    return archive


def check_zip(data: bytes, source: str, limits: IngestSettings) -> None:
    """Checks a zip container that a library will open by itself; errors as for `open_zip`."""
    open_zip(data, source, limits).close()


def _too_large(source: str, limits: IngestSettings) -> DocumentError:
    return DocumentError(
        source,
        f"expands to over the limit of {limits.max_expanded_bytes:,} bytes; "
        "split it or raise QILU_INGEST__MAX_EXPANDED_BYTES",
    )
