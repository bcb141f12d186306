"""The manifest of models."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from qilu_rag.backends.manifest import find_model, load_manifest
from qilu_rag.config import Settings
from qilu_rag.errors import ConfigError

HEX = re.compile(r"[0-9a-f]{64}")


def test_every_model_adds_up() -> None:
    manifest = load_manifest()
    assert manifest
    for name, model in manifest.items():
        assert model.name == name
        assert model.parts
        assert sum(part.bytes for part in model.parts) == model.bytes
        assert HEX.fullmatch(model.sha256)
        assert all(HEX.fullmatch(part.sha256) for part in model.parts)
        assert all(part.version and part.member for part in model.parts)
        assert model.licence
        assert model.publisher
        assert "/" not in model.file


def test_the_models_of_the_settings_are_in_it() -> None:
    defaults = Settings.model_fields
    assert find_model(defaults["chat"].default.model, "chat").format == "gguf"
    assert find_model(defaults["embedding"].default.model, "embedding").format == "e5s1"


def test_no_two_models_share_a_file() -> None:
    models = load_manifest().values()
    assert len({model.file for model in models}) == len(models)


@pytest.mark.parametrize("purpose", ["chat", "embedding"])
def test_an_unknown_model_is_named_with_those_there_are(purpose: str) -> None:
    known = [m.name for m in load_manifest().values() if m.purpose == purpose]
    with pytest.raises(ConfigError) as caught:
        find_model("gone", purpose)
    assert "'gone'" in str(caught.value)
    assert all(name in str(caught.value) for name in known)


def test_a_model_for_something_else_is_not_found() -> None:
    chat = next(m.name for m in load_manifest().values() if m.purpose == "chat")
    with pytest.raises(ConfigError, match="no embedding model"):
        find_model(chat, "embedding")


def test_another_manifest() -> None:
    text = """
[[model]]
name = "m"
purpose = "chat"
licence = "l"
publisher = "p"
file = "m.gguf"
format = "gguf"
bytes = 1
sha256 = "0"
[[model.parts]]
package = "p"
version = "1"
member = "p/x"
bytes = 1
sha256 = "0"
"""
    assert load_manifest(text)["m"].parts[0].member == "p/x"
    with pytest.raises(ValidationError):
        load_manifest(text.replace('"gguf"', '"exe"'))
