"""Where the readers of formats run: here, or where a hostile file can do no harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Call(Protocol):
    """Calls a function of a format."""

    def __call__(self, function: Callable[..., T], /, *args: Any, source: str) -> T:
        """What the function gives of `args`.

        Raises:
            DocumentError: of `source`, when the function says so, takes too long or too
                much memory, or crashes.
        """
        ...


def call_here(function: Callable[..., T], /, *args: Any, source: str) -> T:
    """Calls a function in this process, without a bound on time or memory."""
    return function(*args)
