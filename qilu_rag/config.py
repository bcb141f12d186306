"""Settings: code < qilu.toml < QILU_* < flags. Keys that are not known are refused."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError

from qilu_rag.errors import ConfigError

CONFIG_FILE = "qilu.toml"
_PREFIX = "QILU_"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChatSettings(_Section):
    """The language model. With `url` a remote endpoint, without it the embedded server.

    Attributes:
        url: base URL of an OpenAI-compatible endpoint, such as http://host:8000/v1.
        model: the endpoint's name of the model, or the manifest's name of ours.
        path: a GGUF file of your own in place of the manifest's.
        context: window of the embedded server, in tokens.
        threads: of the embedded server; 0 takes the machine's cores.
        timeout: seconds without any word before the model counts as down.
    """

    url: str | None = None
    model: str = "qwen2.5-coder-1.5b-instruct"
    key: str = "none"
    path: Path | None = None
    context: int = Field(default=4096, ge=1024)
    threads: int = Field(default=0, ge=0)
    temperature: float = Field(default=0.0, ge=0, le=2)
    timeout: float = Field(default=120.0, gt=0)


class EmbeddingSettings(_Section):
    """The embedder: our manifest's model, or a sentence-transformers folder of your own.

    Attributes:
        backend: `onnx-int8` runs a copy of the model with 8-bit weights, made once and kept
            with the models; `float32` runs the model as it is. An index is of one of them.
        batch: texts at a time, of float32.
    """

    model: str = "multilingual-e5-small"
    path: Path | None = None
    backend: Literal["onnx-int8", "float32"] = "onnx-int8"
    batch: int = Field(default=32, ge=1)


class IngestSettings(_Section):
    """Splitting and bounds. Lengths in characters, sizes in bytes.

    Attributes:
        max_rows: of a table file, over all its sheets.
        max_scanned_pages: of a document that is read by OCR, at some seconds a page.
        max_seconds: for reading a file, or drawing one of its pages.
        max_reader_bytes: of memory, for the process that does so.
        max_members: of a zip archive.
        max_expanded_bytes: of a packed file's contents, unpacked.
        scan_confidence: a document with a scanned page that OCR is less sure of is a draft;
            one with a page that it is not half as sure of is not taken in.
        max_pixels: of a picture; pillow opens no more than the bound of this setting.
    """

    passage_min: int = Field(default=120, ge=20)
    passage_max: int = Field(default=300, ge=60)
    max_file_bytes: int = Field(default=64 * 2**20, ge=1)
    max_pages: int = Field(default=2000, ge=1)
    max_rows: int = Field(default=100_000, ge=1)
    max_scanned_pages: int = Field(default=200, ge=1)
    scan_confidence: float = Field(default=0.7, ge=0, le=1)
    max_seconds: float = Field(default=120.0, gt=0)
    max_reader_bytes: int = Field(default=2 * 2**30, ge=2**28)
    max_members: int = Field(default=10_000, ge=1)
    max_expanded_bytes: int = Field(default=512 * 2**20, ge=1)
    max_pixels: int = Field(default=100_000_000, ge=1, le=178_956_970)
    keep_snapshots: int = Field(default=3, ge=1)


class SearchSettings(_Section):
    """Retrieval.

    Attributes:
        depth: how many passages of each kind of search are fused.
        dense_weight: share of the dense score in the fused one; the rest is lexical.
        name_bonus: added to passages of an entry that the question names.
        language_bias: cosine taken off English sentences when the question is English.
    """

    depth: int = Field(default=50, ge=1, le=1000)
    dense_weight: float = Field(default=0.5, ge=0, le=1)
    name_bonus: float = Field(default=0.4, ge=0)
    language_bias: float = Field(default=0.06, ge=0, le=1)


class AnswerSettings(_Section):
    """Answers.

    Attributes:
        passages: out of how many passages sentences are chosen.
        evidence_characters: how much of them the language model reads.
        max_tokens: how much it may write.
        threshold: questions whose answerability is lower are refused; 0 never refuses,
            higher refuses more of what the corpus can't answer and more of what it can.
        given_threshold: the same for passages that the caller brings.
    """

    passages: int = Field(default=8, ge=1, le=50)
    evidence_characters: int = Field(default=260, ge=50, le=4000)
    max_tokens: int = Field(default=160, ge=16)
    threshold: float = Field(default=0.25, ge=0, le=1)
    given_threshold: float = Field(default=0.5, ge=0, le=1)


class WebSettings(_Section):
    """Where the page is served."""

    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)


class Settings(BaseSettings):
    """All settings; see qilu.toml.example for what each is for."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        toml_file=CONFIG_FILE,
    )

    home: Path = Path("var")
    models: Path = Field(default_factory=lambda: user_cache_path("qilu_rag") / "models")
    corpus: Path = Path("corpus")
    allow_hub: bool = False
    max_question: int = Field(default=500, ge=10, description="characters")
    chat: ChatSettings = ChatSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    ingest: IngestSettings = IngestSettings()
    search: SearchSettings = SearchSettings()
    answer: AnswerSettings = AnswerSettings()
    web: WebSettings = WebSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: Any) -> Settings:
    """Reads the settings from all their places.

    Args:
        **flags: values from the command line; None means not given.

    Raises:
        ConfigError: naming the key that is unknown or wrong and where it came from.
    """
    _refuse_unknown_variables()
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error
    except SettingsError as error:
        raise ConfigError(
            f"QILU_*: {error}; set single keys instead, such as QILU_CHAT__URL"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{CONFIG_FILE} is not valid TOML: {error}") from error
    if not settings.allow_hub:
        # The libraries would otherwise ask a model hub for whatever they don't find.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    return settings


def _refuse_unknown_variables() -> None:
    # pydantic-settings reads the variables that it knows and passes over the others, so
    # that a slip of the pen (QILU_CHATURL) would silently do nothing.
    known = {name.upper() for name in Settings.model_fields}
    sections = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, _Section)
    }
    for variable in os.environ:
        if variable.upper().startswith(_PREFIX):
            head, *rest = variable.upper().removeprefix(_PREFIX).split("__")
            if head not in known or (rest and head not in sections):
                raise ConfigError(
                    f"the environment variable {variable} is not a setting; "
                    f"known ones start with {_PREFIX} and one of: {', '.join(sorted(known))}"
                )


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(f"the setting {key} is not known; take it out or mend its name")
        else:
            lines.append(f"the setting {key} is wrong: {problem['msg']}")
    return f"settings ({CONFIG_FILE}, QILU_* or flags): " + "; ".join(lines)
