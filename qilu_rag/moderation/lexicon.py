"""The lexicon: harmful phrases, found however they are spelt, and phrases that are fine.

A list of terms is a TOML file:

    [allow]
    phrases = ["武松打虎"]

    [[group]]
    category = "violence"
    level = "unsafe"
    terms = ["..."]

Terms and texts are squeezed alike (see `variants`), and one Aho-Corasick automaton
(Aho and Corasick, 1975; here the Rust crate behind ahocorasick_rs) finds all of them in
one pass.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal

from ahocorasick_rs import AhoCorasick
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from qilu_rag.errors import ConfigError
from qilu_rag.moderation.variants import Squeezed, is_latin, squeeze
from qilu_rag.types import Finding, Level, Stage

_DEFAULT = "lexicon.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Allow(_Strict):
    phrases: list[str] = []


class _Group(_Strict):
    category: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]*$")]
    level: Literal["controversial", "unsafe"]
    terms: list[str]


class _File(_Strict):
    allow: _Allow = _Allow()
    group: list[_Group] = []


@dataclass(frozen=True, slots=True)
class Term:
    """A phrase of the list; at level `safe` it makes what it covers harmless."""

    text: str
    category: str
    level: Level

    @property
    def allowed(self) -> bool:
        return self.level == "safe"


@dataclass(frozen=True, slots=True)
class _Match:
    term: Term
    start: int
    end: int


class Lexicon:
    """Finds the terms of a list in texts.

    Attributes:
        name: what the gate calls it.
        terms: all terms, the allowed phrases among them.
    """

    name = "lexicon"

    def __init__(self, terms: Iterable[Term], *, source: str = _DEFAULT) -> None:
        """Builds the automaton.

        Args:
            terms: the list; a term may stand in it twice if it says the same.
            source: the name of the list's file, for messages.

        Raises:
            ConfigError: a term is empty once squeezed, or is listed in two ways.
        """
        forms: dict[str, Term] = {}
        for term in terms:
            form = squeeze(term.text).text.strip()
            if not form:
                raise ConfigError(f"{source}: term {term.text!r} holds no letters: remove it")
            known = forms.setdefault(form, term)
            if (known.category, known.level) != (term.category, term.level):
                raise ConfigError(
                    f"{source}: term {term.text!r} is listed as {known.category} "
                    f"{known.level} and as {term.category} {term.level}: keep one"
                )
        self.terms = tuple(forms.values())
        self._automaton = AhoCorasick(list(forms))

    @classmethod
    def from_toml(cls, text: str, *, source: str = _DEFAULT) -> Lexicon:
        """Reads a list of terms.

        Args:
            text: the file's contents.
            source: the file's name, for messages.

        Raises:
            ConfigError: not TOML, an unknown key, a wrong value or a contradiction; the
                message names the file and the key.
        """
        try:
            listed = _File.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{source}: not valid TOML: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{source}: key {key}: {first['msg']}") from error
        return cls(_terms(listed), source=source)

    @classmethod
    def default(cls) -> Lexicon:
        """The list that comes with the package."""
        file = resources.files("qilu_rag.moderation").joinpath("data", _DEFAULT)
        return cls.from_toml(file.read_text(encoding="utf-8"))

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Finds the longest terms that no allowed phrase covers, the same at every stage.

        Returns:
            Findings in the order of the text. Of terms inside one another only the outer
            is told; terms that overlap in part are all told, lest a mild one hide a grave.
        """
        squeezed = squeeze(text)
        findings = []
        reach = 0
        # In this order a span that ends no later than an earlier one lies inside it, be
        # that a longer term or an allowed phrase.
        for match in sorted(self._matches(squeezed), key=lambda match: (match.start, -match.end)):
            if match.end <= reach:
                continue
            reach = match.end
            if match.term.allowed:
                continue
            start, end = squeezed.span(match.start, match.end)
            findings.append(
                Finding(
                    category=match.term.category,
                    level=match.term.level,
                    rule=f"{self.name}.{match.term.text}",
                    start=start,
                    end=end,
                )
            )
        return findings

    def _matches(self, squeezed: Squeezed) -> Iterator[_Match]:
        text = squeezed.text
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if not (_cuts_word(text, start) or _cuts_word(text, end)):
                yield _Match(self.terms[index], start, end)


def _terms(listed: _File) -> Iterator[Term]:
    for phrase in listed.allow.phrases:
        yield Term(phrase, "allow", "safe")
    for group in listed.group:
        for term in group.terms:
            yield Term(term, group.category, group.level)


def _cuts_word(text: str, at: int) -> bool:
    """Whether an edge of a match falls inside a Latin word."""
    return 0 < at < len(text) and is_latin(text[at - 1]) and is_latin(text[at])
