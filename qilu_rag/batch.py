"""Batches: a request a line in, a result a line out, resumable after any interruption."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from qilu_rag.assistant import Assistant
from qilu_rag.errors import InputError, QiluError
from qilu_rag.moderation import Gate
from qilu_rag.render import found_json, reply_json, verdict_json
from qilu_rag.types import Filters, Stage

Request = dict[str, Any]
Result = dict[str, Any]


def run_batch(
    source: Path,
    out: Path,
    answer: Callable[[Request], Result],
    progress: Callable[[str, int, int], None],
) -> int:
    """Answers every line of `source` whose id is not in `out` yet.

    A request that can't be served becomes a line with `id` and `error`; the run goes on.

    Returns:
        How many lines were answered now.

    Raises:
        InputError: when a file can't be read or written, or a line has no `id`.
    """
    requests = _read_requests(source)
    done = _done(out)
    waiting = [request for request in requests if str(request["id"]) not in done]
    try:
        # Half a surrogate pair, which UTF-8 can't hold, goes out as JSON's own \udxxx.
        with out.open("a", encoding="utf-8", errors="backslashreplace") as file:
            for number, request in enumerate(waiting):
                progress(source.name, len(requests) - len(waiting) + number, len(requests))
                try:
                    result = answer(request)
                except QiluError as error:
                    result = {"error": str(error)}
                file.write(json.dumps({"id": request["id"], **result}, ensure_ascii=False) + "\n")
                file.flush()
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}") from error
    progress(source.name, len(requests), len(requests))
    return len(waiting)


def search_line(
    assistant: Assistant, *, k: int, filters: Filters = Filters()
) -> Callable[[Request], Result]:
    """Answers requests of the form {"query"}."""

    def answer(request: Request) -> Result:
        query = _text(request, "query")
        started = perf_counter()
        found = assistant.find(query, k=k, filters=filters)
        return found_json(query, found, (perf_counter() - started) * 1000)

    return answer


def answer_line(assistant: Assistant) -> Callable[[Request], Result]:
    """Answers requests of the form {"question", "history"?, "passages"?}."""

    def answer(request: Request) -> Result:
        *_, reply = assistant.ask(
            _text(request, "question"),
            history=_texts(request, "history") or (),
            passages=_texts(request, "passages"),
        )
        return reply_json(reply)

    return answer


def moderate_line(gate: Gate, stage: Stage) -> Callable[[Request], Result]:
    """Answers requests of the form {"text", "stage"?}."""

    def answer(request: Request) -> Result:
        wanted = request.get("stage", stage)
        if wanted not in ("input", "output", "document"):
            raise InputError(f"no stage {wanted!r}; there are: input output document")
        return verdict_json(gate.check(_text(request, "text"), wanted))

    return answer


def _text(request: Request, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise InputError(f"the request needs a string `{key}`")
    return value


def _texts(request: Request, key: str) -> list[str] | None:
    value = request.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"`{key}` must be a list of strings")
    return value


def _read_requests(path: Path) -> list[Request]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start})") from error
    requests = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            requests.append(_request(line, f"{path}:{number}"))
    return requests


def _request(line: str, where: str) -> Request:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict) or "id" not in value:
        raise InputError(f"{where} must be a JSON object with an `id`")
    return value


def _done(out: Path) -> set[str]:
    """Ids answered before; a last line that was cut off is taken away."""
    if not out.exists():
        return set()
    try:
        data = out.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        # Not splitlines: a text may hold U+2028, which JSON leaves as it is.
        done = {str(json.loads(line)["id"]) for line in whole.decode("utf-8").split("\n")[:-1]}
        if len(whole) < len(data):
            with out.open("r+b") as file:
                file.truncate(len(whole))
        return done
    except OSError as error:
        raise InputError(f"{out} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{out} is not the output of a batch; name another file") from error
