"""The caches of a home: what SQLite says when one of them fails."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from qilu_rag.errors import QiluError


def cache_failure(what: str, path: Path, error: Exception) -> OSError | QiluError:
    """The error to raise: a full disk is not the cache's fault, all else is.

    Args:
        what: the cache's name for people.
        path: its file.
        error: what came out of it.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return QiluError(f"{what} {path} can't be used ({error}); delete it and run again")
