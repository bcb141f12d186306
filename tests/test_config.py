"""Settings: code < qilu.toml < QILU_* < flags, and nothing unknown."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from qilu_rag.config import CONFIG_FILE, ChatSettings, Settings, load_settings
from qilu_rag.errors import ConfigError


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder and an environment of its own."""
    monkeypatch.chdir(tmp_path)
    for variable in [*os.environ, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]:
        if variable.upper().startswith("QILU_") or variable.endswith("_OFFLINE"):
            monkeypatch.setenv(variable, "x")  # so that what is set below is taken back
            monkeypatch.delenv(variable)


def fails(**flags: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(**flags)
    return str(caught.value)


def test_without_anything_the_code_decides() -> None:
    settings = load_settings()
    assert settings.home == Path("var")
    assert settings.max_question == 500
    assert settings.chat.url is None
    assert settings.models.parts[-2:] == ("qilu_rag", "models")
    assert settings.web.host == "127.0.0.1"


def test_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(CONFIG_FILE).write_text(
        'home = "file"\ncorpus = "file"\nmax_question = 100\n[web]\nport = 7\nhost = "file"\n'
    )
    assert load_settings().home == Path("file")
    monkeypatch.setenv("QILU_HOME", "environment")
    monkeypatch.setenv("QILU_MAX_QUESTION", "200")
    monkeypatch.setenv("QILU_WEB__PORT", "8")
    settings = load_settings(home=Path("flag"), max_question=None)
    assert settings.home == Path("flag")
    assert settings.max_question == 200
    assert settings.corpus == Path("file")
    assert (settings.web.port, settings.web.host) == (8, "file")
    assert settings.search == Settings.model_fields["search"].default


def test_sections_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QILU_CHAT__URL", "http://host:8000/v1")
    monkeypatch.setenv("QILU_CHAT__MODEL", "qwen")
    assert load_settings().chat == ChatSettings(url="http://host:8000/v1", model="qwen")
    monkeypatch.setenv("QILU_CHAT", '{"key": "k"}')
    assert load_settings().chat.key == "k"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1", "colour"),
        ("[chat]\ncolour = 1", "chat.colour"),
        ("[colour]\nx = 1", "colour"),
    ],
)
def test_unknown_keys_of_the_file(text: str, key: str) -> None:
    Path(CONFIG_FILE).write_text(text)
    message = fails()
    assert f"the setting {key} is not known" in message
    assert CONFIG_FILE in message


@pytest.mark.parametrize(
    "variable",
    ["QILU_COLOUR", "QILU_CHATURL", "qilu_colour", "QILU_COLOUR__X", "QILU_HOME__X", "QILU_"],
)
def test_unknown_variables(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    message = fails()
    assert f"the environment variable {variable} is not a setting" in message
    assert "HOME" in message


def test_unknown_variables_of_a_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QILU_CHAT__COLOUR", "1")
    assert "the setting chat.colour is not known" in fails()


def test_unknown_flags() -> None:
    assert "the setting colour is not known" in fails(colour=1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("max_question = 'many'", "max_question"),
        ("[search]\ndense_weight = 2", "search.dense_weight"),
        ("[chat]\ncontext = 1", "chat.context"),
        ("[web]\nport = 70000", "web.port"),
        ("chat = 7", "chat"),
    ],
)
def test_wrong_values(text: str, key: str) -> None:
    Path(CONFIG_FILE).write_text(text)
    assert f"the setting {key} is wrong" in fails()


def test_wrong_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QILU_MAX_QUESTION", "many")
    assert "the setting max_question is wrong" in fails()
    monkeypatch.delenv("QILU_MAX_QUESTION")
    monkeypatch.setenv("QILU_CHAT", "http://host")
    message = fails()
    assert '"chat"' in message
    assert "QILU_CHAT__URL" in message


def test_every_wrong_key_is_named() -> None:
    Path(CONFIG_FILE).write_text("colour = 1\nmax_question = 0\n")
    message = fails()
    assert "colour" in message
    assert "max_question" in message


@pytest.mark.parametrize("data", [b"home =", b"\xff\xfe", b"[chat"])
def test_a_file_that_is_no_toml(data: bytes) -> None:
    Path(CONFIG_FILE).write_bytes(data)
    assert f"{CONFIG_FILE} is not valid TOML" in fails()


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.home = Path("x")


def test_no_hub_is_asked_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    load_settings(allow_hub=True)
    assert "HF_HUB_OFFLINE" not in os.environ
    load_settings()
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"


def test_who_set_it_before_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    load_settings()
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_the_example_names_every_setting_and_its_default() -> None:
    text = (Path(__file__).parents[1] / "qilu.toml.example").read_text("utf-8")
    shown = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))
    settings = load_settings().model_dump(mode="json")
    for name, value in settings.items():
        section = value if isinstance(value, dict) else {name: value}
        written = shown[name] if isinstance(value, dict) else shown
        assert section.keys() <= written.keys(), name
        for key, default in section.items():
            if isinstance(default, (int, float, bool)):
                assert written[key] == default, f"{name}.{key}"
