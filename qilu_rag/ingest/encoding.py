"""Encodings: bytes become text, and which encoding they were in is told.

A wrong guess would put garbled text into the index without a word, so what is not read
strictly, and to plausible characters, is refused.
"""

from __future__ import annotations

import codecs
import mimetypes
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from qilu_rag.errors import DocumentError

# UTF-32's mark begins with that of UTF-16, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "big5hkscs": "big5"}
_CHINESE = {"gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"} | dict.fromkeys(
    ("big5", "big5hkscs", "cp950"), "big5hkscs"
)
_EXPECTED = re.compile(r"[\t\r\n -~\u2010-\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_SOUND = re.compile("[^\udc80-\udcff]*")
_MOST_ODD = 0.02
_LEAST_EXPECTED = 0.85
_HEAD = 1 << 12
_SAMPLE = 1 << 18


def decode(data: bytes, source: str) -> tuple[str, str]:
    """Decodes a file's bytes.

    UTF-8, UTF-16 and UTF-32 are told by their marks, UTF-8 and UTF-16 without a mark by
    their form, GB18030 (with GBK and GB2312) and Big5 by chardet.

    Returns:
        The text, its line ends as newlines, and the name of the encoding: utf-8, utf-16,
        utf-32, gb18030 or big5.

    Raises:
        DocumentError: when they are no text, or in another encoding.
    """
    if not data.startswith(b"%PDF-"):  # the one common file that may be plain ASCII
        for encoding in _guesses(data):
            text = _strict(data, encoding)
            if text is not None and _is_sound(text):
                return text.replace("\r\n", "\n"), _NAMES.get(encoding, encoding)
    raise DocumentError(source, _explain(data))


def _guesses(data: bytes) -> Iterator[str]:
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if marked:
        yield marked
        return
    if _CONTROL.search(data):
        yield from _wide(data)
    if _strict(data, "utf-8") is None:
        encoding = _CHINESE.get(_ask(data))
        if encoding and not _is_damaged_utf8(data):
            yield encoding
    else:
        yield "gb18030" if _only_seems_utf8(data) else "utf-8"


def _wide(data: bytes) -> Iterator[str]:
    """UTF-16 in the byte order that gives characters one expects in Chinese or English.

    In the wrong order some third of them do, as pairs of bytes fall anywhere.
    """
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _strict(data, encoding)
        if text and len(_EXPECTED.findall(text)) >= _LEAST_EXPECTED * len(text):
            yield encoding


def _ask(data: bytes) -> str:
    """What chardet takes the bytes for."""
    import chardet

    # Lines of plain ASCII tell nothing; the newline keeps what begins like an image's
    # magic number (BM, MZ) from being taken for one.
    telling = b"".join(b"\n" + line for line in data.split(b"\n") if not line.isascii())
    return str(chardet.detect(telling[:_SAMPLE], max_bytes=_SAMPLE)["encoding"]).lower()


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most of it is UTF-8: a lost byte, a file that breaks off.

    Of GB18030 or Big5 more than half is lost in this way.
    """
    lost = len(data) - len(data.decode("utf-8", "ignore").encode())
    return 4 * lost <= len(_HIGH.findall(data))


def _only_seems_utf8(data: bytes) -> bool:
    """Whether a name or two in GB2312 happens to be valid UTF-8: 泰山, or the famous 联通.

    Then it is all pairs of bytes, of characters that nobody would write in a row, while
    as GB2312 it is nothing but common ideographs (those of level 1).
    """
    runs = re.findall(rb"[\x80-\xff]+", data[:_SAMPLE])
    if not runs or max(map(len, runs)) < 4 or max(map(max, runs)) >= 0xE0:
        return False
    pairs = [run[at : at + 2] for run in runs for at in range(0, len(run), 2)]
    strange = any(pair.decode("utf-8", "replace") >= "\u0250" for pair in pairs)
    return strange and all(0xB0 <= pair[0] <= 0xD7 and pair[-1] >= 0xA1 for pair in pairs)


def _is_sound(text: str) -> bool:
    """Whether it holds hardly any characters that are no writing."""
    odd = sum(count for char, count in Counter(text).items() if _is_odd(char))
    return odd <= _MOST_ODD * len(text)


def _is_odd(char: str) -> bool:
    if char in "\t\n\r\f":
        return False
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cs")


def _explain(data: bytes) -> str:
    import chardet

    kind = str(chardet.detect(data[:_HEAD])["mime_type"])
    suffix = mimetypes.guess_extension(kind)
    if kind.rsplit("/", maxsplit=1)[-1] not in ("plain", "octet-stream") and suffix:
        return f"is no text but {kind} by its first bytes; give it the ending {suffix}"
    if len(_CONTROL.findall(data)) > _MOST_ODD * len(data) or _strict(data, "utf-8") is not None:
        return "is no text: it is full of characters that no writing has; hand in the text itself"
    if _is_damaged_utf8(data):
        sound = _SOUND.match(data.decode("utf-8", "surrogateescape"))
        at = len(sound[0].encode()) if sound else 0
        return f"is not UTF-8 at byte {at}, but nearly all else is; save it as UTF-8 again"
    guess = _ask(data)
    seems = "" if guess == "none" else f" (it seems {guess})"
    return f"is in no encoding that is read{seems}; save it as UTF-8 and try again"
