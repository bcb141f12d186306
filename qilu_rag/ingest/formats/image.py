"""Pictures by pillow: each frame is a page for OCR."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.reading import Pages
from qilu_rag.ports import Image

if TYPE_CHECKING:
    from PIL import Image as Pictures

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_LONGEST_SIDE = 3000


def read_image(data: bytes, source: str, limits: IngestSettings) -> Pages:
    """Looks at the head of a picture; what it is called does not matter.

    Returns:
        A page without text for each frame. That of a picture of one frame has no number.

    Raises:
        DocumentError: when it is no picture, or has too many pixels or frames.
    """
    with _opened(data, source) as picture:
        # A phone's JPEG may hold a preview or a depth map as further frames.
        frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
        if frames > limits.max_scanned_pages:
            raise DocumentError(source, f"has over {limits.max_scanned_pages} frames; split it")
        for frame in range(frames):
            picture.seek(frame)
            if picture.width * picture.height > limits.max_pixels:
                raise DocumentError(
                    source,
                    f"{picture.width} × {picture.height} pixels are over the limit of "
                    f"{limits.max_pixels:,}; scale it down or raise QILU_INGEST__MAX_PIXELS",
                )
    return Pages(texts=(None,) * frames, numbered=frames > 1)


def draw_image(data: bytes, number: int, source: str) -> Image:
    """Gives a frame upright, on white, its longest side 3000 pixels at most.

    Raises:
        DocumentError: when it is broken.
    """
    from PIL import ImageOps

    with _opened(data, source) as picture:
        picture.seek(number - 1)
        upright = _on_white(ImageOps.exif_transpose(picture))
        upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        return np.array(upright, dtype=np.uint8)


@contextmanager
def _opened(data: bytes, source: str) -> Iterator[Pictures.Image]:
    from PIL import Image as Pictures
    from PIL import UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow's lower bound only warns; ours holds, and its upper bound raises.
            warnings.simplefilter("ignore")
            with Pictures.open(io.BytesIO(data), formats=_FORMATS) as picture:
                yield picture
    except (DocumentError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        reason = "is not a PNG, JPEG, TIFF or WebP picture; export it again"
        raise DocumentError(source, reason) from error
    except Pictures.DecompressionBombError as error:
        raise DocumentError(source, "has too many pixels to be opened; scale it down") from error
    except Exception as error:
        # Pillow lets inner errors of every kind through on damaged files; nothing else runs here.
        reason = f"is not a whole picture ({type(error).__name__}); export it again"
        raise DocumentError(source, reason) from error


def _on_white(picture: Pictures.Image) -> Pictures.Image:
    from PIL import Image as Pictures

    if picture.mode[0] in "IF":
        # More than 8 bits a pixel, which pillow would cut off instead of scaling.
        values = np.asarray(picture, dtype=np.float64)
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) / max(high - low, 1.0) * 255
        return Pictures.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Pictures.new("RGBA", layer.size, "white")
    return Pictures.alpha_composite(white, layer).convert("RGB")
