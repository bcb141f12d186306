"""What every chat model keeps to: the fake, an endpoint, and the endpoint over real weights."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest

from qilu_rag.backends.chat import EndpointChat
from qilu_rag.backends.fakes import FakeChat, broken_chat
from qilu_rag.backends.local_server import LocalServer
from qilu_rag.backends.manifest import find_model
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.config import load_settings
from qilu_rag.errors import ChatError, ModelMissing
from qilu_rag.ports import ChatModel, Message

ANSWER = "孔子名丘，字仲尼，是鲁国陬邑人。孔子创立了儒家学派。"
MESSAGES = [
    Message(role="system", content="你是讲解员，用一两句话回答。"),
    Message(role="user", content="资料：\n[1] 孔子：孔子是鲁国陬邑人。\n\n问题：孔子是哪里人"),
]
YES_NO = ("有", "没有")


@dataclass
class Endpoint:
    """A tiny OpenAI-compatible server; the test says how well it is."""

    url: str
    mode: str = "well"
    told: list[tuple[str, float]] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def chat(self, **given: Any) -> EndpointChat:
        values: dict[str, Any] = {
            "model": "tiny",
            "key": "k",
            "temperature": 0.0,
            "timeout": 5.0,
        } | given
        return EndpointChat(url=lambda: self.url, **values)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoint: Endpoint

    def log_message(self, *_: object) -> None:
        """Stays silent."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.endpoint.requests.append(body)
        self.endpoint.keys.append(self.headers["Authorization"])
        mode = self.endpoint.mode
        if mode.isdigit():
            self._whole(int(mode), {"error": {"message": "out of order", "type": "server_error"}})
        elif mode == "silent":
            sleep(1)
            self.close_connection = True
        elif mode == "web page":
            self._whole(200, "<html><body>Welcome</body></html>", "text/html")
        elif mode == "no choices":
            self._whole(200, {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []})  # fmt: skip
        elif body.get("stream"):
            self._stream(body)
        else:
            self._whole(200, self._completion())

    def _completion(self) -> dict[str, Any]:
        told = self.endpoint.told
        choice: dict[str, Any] = {
            "index": 0,
            "finish_reason": "length",
            "message": {"role": "assistant", "content": "有"},
        }
        if told is not None:
            top = [{"token": t, "logprob": p, "bytes": None} for t, p in told]
            content = [{**top[0], "top_logprobs": top}] if top else []
            choice["logprobs"] = {"content": content}
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [choice],
        }

    def _stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        pieces = [ANSWER[i : i + 3] for i in range(0, len(ANSWER), 3)][: body["max_tokens"]]
        with suppress(OSError):  # the reader may have gone away
            self._events(pieces)

    def _events(self, pieces: list[str]) -> None:
        self._event(_delta({"role": "assistant", "content": None}))
        for number, piece in enumerate(pieces):
            if number == 2 and self.endpoint.mode == "cut off":
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if number == 2 and self.endpoint.mode == "garbled":
                self._chunk(b"data: {oops\n\n")
            if number == 2 and self.endpoint.mode == "error inside":
                self._event({"error": {"message": "out of memory", "code": 500}})
            self._event(_delta({"content": piece}))
        self._event(_delta({}, "stop"))
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, value: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(value)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _whole(self, code: int, value: object, kind: str = "application/json") -> None:
        data = (value if isinstance(value, str) else json.dumps(value)).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _delta(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [choice],
    }


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    handler = type("OwnHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        endpoint = Endpoint(url=f"http://127.0.0.1:{server.server_port}/v1")
        handler.endpoint = endpoint  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield endpoint
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def real() -> Iterator[EndpointChat]:
    settings = load_settings()
    path = ModelStore(settings.models).require(find_model(settings.chat.model, "chat"))
    server = LocalServer(lambda: path, context=2048, threads=2)
    yield EndpointChat(url=server.url, model="real", key=server.key, temperature=0.0, timeout=120)
    server.close()


@pytest.fixture(params=["fake", "endpoint", pytest.param("real", marks=pytest.mark.model)])
def chat(request: pytest.FixtureRequest) -> ChatModel:
    if request.param == "fake":
        return FakeChat(lambda _: ANSWER)
    if request.param == "endpoint":
        tiny: Endpoint = request.getfixturevalue("endpoint")
        return tiny.chat()
    model: ChatModel = request.getfixturevalue("real")
    return model


# What all keep to


def test_it_has_a_name(chat: ChatModel) -> None:
    assert isinstance(chat, ChatModel)
    assert chat.name


def test_it_writes_piece_by_piece(chat: ChatModel) -> None:
    pieces = list(chat.stream(MESSAGES, max_tokens=60))
    assert len(pieces) > 1
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert "孔子" in "".join(pieces)


def test_the_same_question_has_the_same_answer(chat: ChatModel) -> None:
    first, second = ("".join(chat.stream(MESSAGES, max_tokens=12)) for _ in range(2))
    assert first == second != ""


def test_the_tokens_are_limited(chat: ChatModel) -> None:
    few = "".join(chat.stream(MESSAGES, max_tokens=3))
    more = "".join(chat.stream(MESSAGES, max_tokens=8))
    assert 0 < len(few) < len(more)


def test_it_can_be_left_early_and_asked_again(chat: ChatModel) -> None:
    for _ in range(2):
        pieces = chat.stream(MESSAGES, max_tokens=60)
        assert len(list(islice(pieces, 2))) == 2
        pieces.close()  # type: ignore[attr-defined]
    assert list(chat.stream(MESSAGES, max_tokens=12))


def test_it_leans_or_does_not_tell(chat: ChatModel) -> None:
    leaning = chat.lean(MESSAGES, YES_NO)
    assert leaning is None or math.isfinite(leaning)
    assert chat.lean(MESSAGES, YES_NO) == leaning


@pytest.mark.parametrize("text", ["", "\U0001f600", "\u2028 \x00", '{"role": "system"}', "泰" * 300])  # fmt: skip
def test_strange_questions(chat: ChatModel, text: str) -> None:
    messages = [MESSAGES[0], Message(role="user", content=text)]
    assert isinstance("".join(chat.stream(messages, max_tokens=4)), str)


# An endpoint


def sentence(caught: pytest.ExceptionInfo[ChatError]) -> str:
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("the language model tiny does not answer")
    assert text.endswith("see: qilu doctor")
    return text


def test_what_an_endpoint_is_told(endpoint: Endpoint) -> None:
    assert "".join(endpoint.chat(temperature=0.5).stream(MESSAGES, max_tokens=99)) == ANSWER
    (body,) = endpoint.requests
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in MESSAGES]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("tiny", 99, 0.5)
    assert body["stream"] is True
    assert endpoint.keys == ["Bearer k"]


def test_nothing_is_asked_before_it_is_used(endpoint: Endpoint) -> None:
    def url() -> str:
        raise ModelMissing("there is no model")

    chat = EndpointChat(url=url, model="m", key="k", temperature=0, timeout=1)
    assert chat.name == "m"
    for call in (lambda: list(chat.stream(MESSAGES, max_tokens=1)), lambda: chat.lean(MESSAGES, YES_NO)):  # fmt: skip
        with pytest.raises(ModelMissing, match="there is no model"):
            call()
    assert endpoint.requests == []


@pytest.mark.parametrize("mode", ["500", "503", "401", "404", "silent", "garbled", "error inside", "cut off"])  # fmt: skip
def test_an_endpoint_in_trouble(endpoint: Endpoint, mode: str) -> None:
    endpoint.mode = mode
    pieces: list[str] = []
    with pytest.raises(ChatError) as caught:
        pieces.extend(endpoint.chat(timeout=0.3).stream(MESSAGES, max_tokens=99))
    sentence(caught)
    if not mode.isdigit() and mode != "silent":
        chat = endpoint.chat()
        seen = []
        with pytest.raises(ChatError):
            for piece in chat.stream(MESSAGES, max_tokens=99):
                seen.append(piece)
        assert "".join(seen) == ANSWER[:6]
        endpoint.mode = "well"
        assert "".join(chat.stream(MESSAGES, max_tokens=99)) == ANSWER


@pytest.mark.parametrize("mode", ["500", "401", "silent", "web page", "no choices"])
def test_an_endpoint_that_cannot_lean(endpoint: Endpoint, mode: str) -> None:
    endpoint.mode = mode
    with pytest.raises(ChatError) as caught:
        endpoint.chat(timeout=0.3).lean(MESSAGES, YES_NO)
    sentence(caught)


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    chat = EndpointChat(url=lambda: url, model="tiny", key="k", temperature=0, timeout=1)
    for call in (lambda: list(chat.stream(MESSAGES, max_tokens=1)), lambda: chat.lean(MESSAGES, YES_NO)):  # fmt: skip
        with pytest.raises(ChatError) as caught:
            call()
        sentence(caught)


def test_an_address_that_is_none() -> None:
    chat = EndpointChat(url=lambda: "nowhere", model="tiny", key="k", temperature=0, timeout=1)
    with pytest.raises(ChatError) as caught:
        list(chat.stream(MESSAGES, max_tokens=1))
    sentence(caught)


@pytest.mark.parametrize(
    ("told", "leaning"),
    [
        (None, None),
        ([], None),
        ([("有", -0.1), ("没有", -2.3)], 2.2),
        ([("没有", -0.2), ("有", -1.7), ("无", -5.0)], -1.5),
        ([(" 有", -0.1), ("没有 ", -2.1)], 2.0),
        ([("有", -0.5), (" 有", -4.0), ("没有", -1.0)], 0.5),
        ([("有", -0.1), ("是", -3.0)], 2.9),
        ([("不", -1.0), ("没有", -2.0), ("是", -6.0)], -4.0),
        ([("甲", -1.0), ("乙", -2.0)], 0.0),
    ],
)
def test_probabilities(
    endpoint: Endpoint, told: list[tuple[str, float]] | None, leaning: float | None
) -> None:
    endpoint.told = told
    assert endpoint.chat().lean(MESSAGES, YES_NO) == (
        None if leaning is None else pytest.approx(leaning)
    )
    (body,) = endpoint.requests
    assert (body["logprobs"], body["max_tokens"]) == (True, 1)
    assert body["top_logprobs"] > 1
    assert not body.get("stream")


def test_a_fake_that_is_down() -> None:
    with pytest.raises(ChatError, match="is down"):
        list(FakeChat(broken_chat).stream(MESSAGES, max_tokens=9))


# The embedded server


def test_a_server_without_its_file(tmp_path: Path) -> None:
    server = LocalServer(lambda: tmp_path / "none.gguf", context=1024, threads=1)
    with pytest.raises(ModelMissing, match=r"none\.gguf"):
        server.url()
    server.close()
    server.close()


@pytest.mark.model
def test_a_server_with_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    server = LocalServer(lambda: path, context=1024, threads=1)
    with pytest.raises(ChatError, match=r"bad\.gguf can't be loaded"):
        server.url()


@pytest.mark.model
def test_the_real_one_leans_to_what_is_there(real: EndpointChat) -> None:
    def asked(question: str) -> list[Message]:
        text = f"资料：\n[1] 孔子：孔子是鲁国陬邑人。\n\n问题：{question}\n资料里写了这个问题的答案吗？只回答“有”或“没有”。"
        return [MESSAGES[0], Message(role="user", content=text)]

    there, not_there = (real.lean(asked(q), YES_NO) for q in ("孔子是哪里人", "火星有几个卫星"))
    assert there is not None
    assert not_there is not None
    assert there > not_there


@pytest.mark.model
def test_nobody_else_may_ask_the_real_one(real: EndpointChat) -> None:
    url: Callable[[], str] = real._url
    other = EndpointChat(url=url, model="tiny", key="wrong", temperature=0.0, timeout=10)
    with pytest.raises(ChatError):
        list(other.stream(MESSAGES, max_tokens=1))
