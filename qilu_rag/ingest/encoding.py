"""Encodings: bytes become text, and which encoding they were in is told."""

from __future__ import annotations

from qilu_rag.errors import DocumentError


def decode(data: bytes, source: str) -> tuple[str, str]:
    """Decodes a file's bytes.

    Returns:
        The text, its line ends as newlines, and the name of the encoding.

    Raises:
        DocumentError: when they are in no encoding that is known.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise DocumentError(
            source, f"is not UTF-8 (byte {error.start}); save it as UTF-8 and try again"
        ) from error
    return text.replace("\r\n", "\n"), encoding
