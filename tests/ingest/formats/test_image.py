"""Pictures: frames are pages, upright and on white; bombs and broken ones are refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from qilu_rag.backends.fakes import FakeOcr
from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.image import draw_image, read_image
from qilu_rag.ingest.load import load_file
from qilu_rag.ingest.scan import SCANS, Scanner
from qilu_rag.types import Document

LIMITS = IngestSettings()
KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP"}  # fmt: skip
PAGE = Pictures.new("RGB", (60, 90), "white")
PAGE.paste((0, 0, 0), (0, 0, 60, 30))


def saved(picture: Pictures.Image, kind: str = "PNG", **more: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def huge(width: int, height: int) -> bytes:
    """The head of a PNG that says it is that large."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def fails(data: bytes, limits: IngestSettings = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        for number, _ in enumerate(read_image(data, "a.png", limits).texts, start=1):
            draw_image(data, number, "a.png")
    assert caught.value.source == "a.png"
    assert "\n" not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("suffix", KINDS)
def test_a_picture_becomes_a_document(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"碑{suffix}"
    path.write_bytes(saved(PAGE, KINDS[suffix]))
    scanner = Scanner(ocr=FakeOcr(["泰山刻石在岱庙。"]), cache=tmp_path / SCANS)
    (item,) = load_file(path, LIMITS, scanner)
    assert isinstance(item, Document)
    assert item.text == "泰山刻石在岱庙。\n"
    assert [block.place for block in item.blocks] == [""]
    assert (item.entry.title, item.entry.origin) == ("碑", "ocr")
    assert [number for number, _ in item.scanned] == [1]


def test_what_it_is_counts_not_what_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(PAGE, "PNG"))
    (item,) = load_file(path, LIMITS, Scanner(ocr=FakeOcr(), cache=tmp_path / SCANS))
    assert isinstance(item, Document)


def test_frames_are_pages(tmp_path: Path) -> None:
    other = PAGE.rotate(180)
    data = saved(PAGE, "TIFF", save_all=True, append_images=[other, PAGE.resize((30, 40))])
    pages = read_image(data, "a.tif", LIMITS)
    assert pages.texts == (None, None, None)
    assert [draw_image(data, number, "a.tif").shape for number in (1, 2, 3)] == [(90, 60, 3), (90, 60, 3), (40, 30, 3)]  # fmt: skip
    assert np.array_equal(draw_image(data, 2, "a.tif"), np.asarray(other))
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    ocr = FakeOcr(
        ["泰山刻石原在碧霞祠，后来移到岱庙里面保存。"],
        ["经石峪在斗母宫东北的石坪上，刻着金刚经。"],
        ["摩崖在山上。"],
    )
    (item,) = load_file(path, LIMITS, Scanner(ocr=ocr, cache=tmp_path / SCANS))
    assert isinstance(item, Document)
    assert [block.place for block in item.blocks] == ["第1页", "第2页", "第3页"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_is_turned_upright(kind: str) -> None:
    exif = Pictures.Exif()
    exif[0x0112] = 6  # orientation: its top is on the right
    data = saved(PAGE.rotate(90, expand=True), kind, exif=exif)
    assert np.abs(draw_image(data, 1, "a").astype(int) - np.asarray(PAGE)).mean() < 5


def test_what_is_clear_is_white() -> None:
    clear = Pictures.new("RGBA", (10, 10), (0, 0, 0, 0))
    grey = Pictures.new("LA", (10, 10), (0, 0))
    indexed = Pictures.new("P", (10, 10), 0)
    assert (draw_image(saved(clear), 1, "a") == 255).all()
    assert (draw_image(saved(grey), 1, "a") == 255).all()
    assert (draw_image(saved(indexed, transparency=0), 1, "a") == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16"])
def test_other_kinds_of_pixels_keep_ink_and_paper(mode: str) -> None:
    if mode == "I;16":
        picture = Pictures.fromarray(np.asarray(PAGE.convert("L")).astype(np.uint16) * 257)
    else:
        picture = PAGE.convert(mode)
    drawn = draw_image(saved(picture, "TIFF"), 1, "a")
    assert drawn.shape == (90, 60, 3)
    assert drawn[:25].max() < 60
    assert drawn[40:].min() > 200


def test_a_large_picture_is_scaled_down() -> None:
    drawn = draw_image(saved(Pictures.new("L", (4000, 1000), 255)), 1, "a")
    assert drawn.shape == (750, 3000, 3)


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (b"", LIMITS, "is not a PNG, JPEG, TIFF or WebP picture"),
        ("泰山在山东。".encode(), LIMITS, "is not a PNG, JPEG, TIFF or WebP picture"),
        (saved(PAGE, "GIF"), LIMITS, "is not a PNG, JPEG, TIFF or WebP picture"),
        (saved(PAGE)[:80], LIMITS, "is not a whole picture"),
        (saved(PAGE, "JPEG")[:-200], LIMITS, "is not a whole picture"),
        (saved(PAGE), IngestSettings(max_pixels=60 * 90 - 1), "60 × 90 pixels are over the limit of 5,399; scale it down or raise QILU_INGEST__MAX_PIXELS"),
        (huge(10_001, 10_000), LIMITS, "10001 × 10000 pixels are over the limit"),
        (huge(50_000, 50_000), LIMITS, "too many pixels"),
        (saved(PAGE, "TIFF", save_all=True, append_images=[PAGE.resize((90, 90))]), IngestSettings(max_pixels=60 * 90), "90 × 90 pixels"),
        (saved(PAGE, "WEBP", save_all=True, append_images=[PAGE.rotate(180)]), IngestSettings(max_scanned_pages=1), "over 1 frames"),
    ],
)  # fmt: skip
def test_what_is_refused(data: bytes, limits: IngestSettings, reason: str) -> None:
    assert reason in fails(data, limits)


def test_pixels_up_to_the_limit_are_taken() -> None:
    assert read_image(huge(10_000, 10_000), "a.png", LIMITS).texts == (None,)


SOUND = [saved(PAGE, kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP")]


@given(st.sampled_from(SOUND), st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=20), st.floats(0, 1))  # fmt: skip
def test_damage_is_an_error_at_worst(
    data: bytes, spots: list[tuple[int, int]], share: float
) -> None:
    broken = bytearray(data)
    for at, value in spots:
        broken[at % len(broken)] = value
    broken = broken[: int(len(broken) * (0.5 + share))]
    limits = IngestSettings(max_pixels=10_000)
    try:
        pages = read_image(bytes(broken), "a.png", limits)
        drawn = [
            draw_image(bytes(broken), at, "a.png") for at, _ in enumerate(pages.texts, start=1)
        ]
    except DocumentError as error:
        assert error.source == "a.png"
    else:
        assert all(page.ndim == 3 and page.shape[2] == 3 for page in drawn)
