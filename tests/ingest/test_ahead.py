"""Embedding ahead: everything is embedded once, in the background, and failures come out."""

from __future__ import annotations

from collections.abc import Sequence
from threading import current_thread, main_thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qilu_rag.errors import ModelError
from qilu_rag.ingest.ahead import Ahead


@given(st.lists(st.integers(0, 700), max_size=20))
def test_whole_chunks_go_ahead_in_order(sizes: list[int]) -> None:
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> int:
        assert current_thread() is not main_thread()
        seen.extend(texts)
        return len(texts)

    texts = [str(number) for number in range(sum(sizes))]
    at = 0
    with Ahead(embed) as ahead:
        for size in sizes:
            ahead.add(texts[at : at + size])
            at += size
    assert ahead.embedded == len(seen)
    assert seen == texts[: len(seen)]
    assert len(texts) - len(seen) < 1024


def test_a_failure_comes_out_where_it_is_waited_for() -> None:
    def embed(texts: Sequence[str]) -> int:
        raise ModelError("out of order")

    with pytest.raises(ModelError, match="out of order"), Ahead(embed) as ahead:
        for _ in range(10):
            ahead.add(["文"] * 1024)


def test_a_run_that_fails_does_not_wait_for_the_embedder() -> None:
    def embed(texts: Sequence[str]) -> int:
        return len(texts)

    with pytest.raises(KeyboardInterrupt), Ahead(embed) as ahead:
        ahead.add(["文"] * 4096)
        raise KeyboardInterrupt
    assert ahead.embedded in (0, 4096)
