"""A full disk is told apart from a damaged cache, on SQLite's own errors."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from qilu_rag.errors import QiluError
from qilu_rag.ingest.sqlite import cache_failure


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(sqlite3.OperationalError) as caught, connection:
            connection.execute("INSERT INTO t VALUES (zeroblob(100000))")
    failure = cache_failure("the cache", path, caught.value)
    assert isinstance(failure, OSError)
    assert failure.strerror == "No space left on device"


def test_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"no database" * 100)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute("SELECT * FROM t")
    failure = cache_failure("the cache", path, caught.value)
    assert isinstance(failure, QiluError)
    assert "delete it and run again" in str(failure)
