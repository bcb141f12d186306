"""Zip containers: what is not whole or grows too large is told before it is used."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.zipped import check_zip, open_zip

TEXT = "泰山在山东。" * 100


def make_zip(**members: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def fails(data: bytes, most: int = 10**6) -> str:
    with pytest.raises(DocumentError) as caught:
        check_zip(data, "a.zip", IngestSettings(max_expanded_bytes=most))
    assert "\n" not in caught.value.reason
    return caught.value.reason


def test_a_sound_one_can_be_read() -> None:
    data = make_zip(a=TEXT, b="")
    size = len(TEXT.encode())
    limits = IngestSettings(max_expanded_bytes=size)
    check_zip(data, "a.zip", limits)
    with open_zip(data, "a.zip", limits) as archive:
        assert archive.read("a").decode() == TEXT
    assert "QILU_INGEST__MAX_EXPANDED_BYTES" in fails(data, size - 1)


def test_all_parts_count_together() -> None:
    data = make_zip(**{f"part{number}": b"\0" * 1000 for number in range(9)})
    check_zip(data, "a.zip", IngestSettings(max_expanded_bytes=9000))
    assert "8,999" in fails(data, 8999)


def test_a_bomb_that_lies_about_its_size() -> None:
    data = bytearray(make_zip(a=b"\0" * 10**6))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (10).to_bytes(4, "little")
    assert "is not a whole zip" in fails(bytes(data), 1000)


def test_a_password_is_asked_for() -> None:
    data = bytearray(make_zip(a=TEXT))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "is encrypted" in fails(bytes(data))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x03\x04" + b"\0" * 40, b"x" * 99])
def test_garbage(data: bytes) -> None:
    assert "is not a whole zip" in fails(data)


@given(st.integers(0, 2**32), st.integers(1, 9), st.floats(0.1, 1))
def test_damage_is_an_error_at_worst(seed: int, spots: int, share: float) -> None:
    chance = random.Random(seed)
    whole = make_zip(a=TEXT, b=TEXT)
    data = bytearray(whole[: int(len(whole) * share)])
    for _ in range(spots):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        with open_zip(bytes(data), "a.zip", IngestSettings(max_expanded_bytes=10**6)) as archive:
            assert sum(len(archive.read(part)) for part in archive.infolist()) <= 10**6
    except DocumentError as error:
        assert error.source == "a.zip"
