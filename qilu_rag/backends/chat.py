"""Chat over any OpenAI-compatible endpoint, by llama-index's `OpenAILike`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from qilu_rag.errors import ChatError
from qilu_rag.ports import Message

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai_like import OpenAILike

_TOP = 20
"""How many of the likeliest next tokens an endpoint is asked for."""


class EndpointChat:
    """See `ports.ChatModel`.

    Args:
        url: gives the base URL; called at first use, so that an embedded server starts
            only when it is needed.
        model: the endpoint's name of the model.
        key: its API key.
        temperature: 0 is deterministic.
        timeout: seconds without a word before the endpoint counts as down.
    """

    def __init__(
        self,
        *,
        url: Callable[[], str],
        model: str,
        key: str,
        temperature: float,
        timeout: float,
    ) -> None:
        self._url = url
        self._key = key
        self._temperature = temperature
        self._timeout = timeout
        self.name = model

    @cached_property
    def _llm(self) -> OpenAILike:
        from llama_index.llms.openai_like import OpenAILike

        # llama.cpp's server closes idle connections without a word, so that a kept one
        # fails at the next question; a new loopback connection costs next to nothing.
        client = httpx.Client(
            timeout=self._timeout, limits=httpx.Limits(max_keepalive_connections=0)
        )
        return OpenAILike(
            model=self.name,
            api_base=self._url(),
            api_key=self._key,
            is_chat_model=True,
            temperature=self._temperature,
            timeout=self._timeout,
            max_retries=1,
            http_client=client,
        )

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
        """Yields the answer piece by piece.

        Raises:
            ChatError: when the endpoint can't be reached, refuses, or breaks off.
        """
        with self._guarded():
            for response in self._llm.stream_chat(_turns(messages), max_tokens=max_tokens):
                if response.delta:
                    yield response.delta

    def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
        """Log-odds of the first choice against the second; None without log-probabilities."""
        with self._guarded():
            response = self._llm.chat(
                _turns(messages), max_tokens=1, logprobs=True, top_logprobs=_TOP
            )
        told = getattr(response.raw.choices[0], "logprobs", None)
        if told is None or not told.content:
            return None
        seen = {t.token.strip(): t.logprob for t in reversed(told.content[0].top_logprobs)}
        floor = min(seen.values(), default=0.0)  # what is not told is no likelier than this
        return float(seen.get(choices[0], floor) - seen.get(choices[1], floor))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        import openai

        # The client trips over answers of another shape, such as a web page or broken JSON.
        shapeless = (ValueError, LookupError, TypeError, AttributeError)
        try:
            yield
        except (openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL, *shapeless) as error:
            raise ChatError(
                f"the language model {self.name} does not answer ({type(error).__name__}); "
                "see: qilu doctor"
            ) from error


def _turns(messages: Sequence[Message]) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage, MessageRole

    return [ChatMessage(role=MessageRole(m.role), content=m.content) for m in messages]
