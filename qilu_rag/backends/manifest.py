"""The manifest of models: what there is, where it comes from, what it must look like."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from pydantic import TypeAdapter

from qilu_rag.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file inside a package of PyPI that is one slice of a model."""

    package: str
    version: str
    member: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model: its parts, joined in order, are a file of this size and checksum.

    Attributes:
        format: `gguf` is used as it is; `e5s1` is written out as a folder.
    """

    name: str
    purpose: Literal["chat", "embedding"]
    licence: str
    publisher: str
    file: str
    format: Literal["gguf", "e5s1"]
    bytes: int
    sha256: str
    parts: tuple[Part, ...]


def load_manifest(text: str | None = None) -> dict[str, Model]:
    """Reads the manifest that comes with the package, or one given as TOML text."""
    if text is None:
        text = files("qilu_rag.backends").joinpath("models.toml").read_text("utf-8")
    models = TypeAdapter(tuple[Model, ...]).validate_python(tomllib.loads(text)["model"])
    return {model.name: model for model in models}


def find_model(name: str, purpose: str) -> Model:
    """The manifest's model of that name.

    Raises:
        ConfigError: when there is none for that purpose.
    """
    manifest = load_manifest()
    model = manifest.get(name)
    if model is None or model.purpose != purpose:
        known = ", ".join(m.name for m in manifest.values() if m.purpose == purpose)
        raise ConfigError(f"no {purpose} model {name!r} in the manifest; there is: {known}")
    return model
