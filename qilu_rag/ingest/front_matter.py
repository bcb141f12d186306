"""Front matter: YAML at the head of a file, or beside it, as an `Entry`.

Hostile input is bounded: YAML aliases (which can blow up a small file) and blocks over
64 KiB are refused, unknown keys are named, and nothing is evaluated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from qilu_rag.errors import DocumentError
from qilu_rag.types import Entry

_MAX_CHARACTERS = 64 * 1024
_FENCED = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_ENTRY = TypeAdapter(Entry)


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)


def split_front_matter(text: str, source: str) -> tuple[dict[str, Any] | None, str]:
    """Parts the front matter of a text from its body.

    Returns:
        The front matter as read (None when there is none), and the body.

    Raises:
        DocumentError: when it is not YAML, not a mapping, or too large.
    """
    found = _FENCED.match(text)
    if found is None:
        if re.match(r"\A---[ \t]*\n[^\n]*:", text):
            raise DocumentError(source, "the front matter is never closed; add a line with ---")
        return None, text
    return read_yaml(found[1], source), text[found.end() :]


def read_yaml(text: str, source: str) -> dict[str, Any]:
    """Reads a YAML mapping; DocumentError when it is not one."""
    if len(text) > _MAX_CHARACTERS:
        raise DocumentError(source, f"the front matter is over {_MAX_CHARACTERS} characters")
    try:
        # A SafeLoader that is stricter still: see _Loader.
        value = yaml.load(text, Loader=_Loader)  # noqa: S506
    except (
        yaml.YAMLError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        # PyYAML lets inner errors through where a value does not fit its tag (!!int "").
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 2}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise DocumentError(
            source, f"the front matter is not valid YAML{where}: {problem}"
        ) from error
    if not isinstance(value, dict):
        raise DocumentError(source, "the front matter must be a mapping of keys to values")
    return value


def write_front_matter(fields: Mapping[str, Any]) -> str:
    """Front matter as it stands at the head of a file, fences included."""
    return f"---\n{yaml.safe_dump(dict(fields), allow_unicode=True, sort_keys=False)}---\n"


def make_entry(fields: Mapping[str, Any], source: str) -> Entry:
    """Validates front matter into an entry.

    Raises:
        DocumentError: naming each field that is unknown, missing or wrong.
    """
    fields = dict(fields)
    era = fields.get("era")
    if isinstance(era, dict):
        if unknown := next((key for key in ("start", "end") if key in era), None):
            reason = f"front matter: the key era.{unknown} is not known; write from and to"
            raise DocumentError(source, reason)
        # `from` is a word of Python's; the file says from and to, the type start and end.
        swap = {"from": "start", "to": "end"}
        fields["era"] = {swap.get(key, key): value for key, value in era.items()}
    try:
        entry = _ENTRY.validate_python(fields)
    except ValidationError as error:
        raise DocumentError(source, _explain(error)) from error
    _check_text(entry, source)
    return entry


def entry_from_json(fields: Mapping[str, Any]) -> Entry:
    """Reads back what `entry_to_json` wrote."""
    return _ENTRY.validate_python(fields)


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """An entry as plain values for a JSON file of ours."""
    value: dict[str, Any] = _ENTRY.dump_python(entry, mode="json", exclude_none=True)
    return value


def _check_text(entry: Entry, source: str) -> None:
    for name, value in (("id", entry.id), ("title", entry.title)):
        if not value.strip() or len(value) > 200 or not value.isprintable():
            raise DocumentError(source, f"{name} must be 1 to 200 printable characters")
    for name, value in asdict(entry).items():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            reason = f"{name} holds half of a character; write it anew"
            raise DocumentError(source, reason) from error
    for year in (entry.era.start, entry.era.end) if entry.era else ():
        if year == 0:
            raise DocumentError(source, "era has a year 0, which does not exist; 1 BCE is -1")


def _explain(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            problems.append(f"the key {field} is not known; take it out or mend its name")
        elif problem["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
            problems.append(f"the key {field} is missing")
        else:
            problems.append(f"the key {field} is wrong: {problem['msg']}")
    text = "front matter: " + "; ".join(problems)
    return text.encode("utf-8", "backslashreplace").decode()  # a key may be broken, too
