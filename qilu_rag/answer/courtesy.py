"""Courtesies: greetings, thanks and questions about the assistant need no search.

They are told by their whole wording, so that 你好，孔子是哪里人 is a question still.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from qilu_rag.text.fold import squash
from qilu_rag.types import Language

_FILE = "courtesies.toml"
# What may stand at the end of a courtesy without changing it.
_PARTICLES = re.compile("(?:[呀啊呢吗嘛吧哦喔哈啦么]|please)+$")


@dataclass(frozen=True, slots=True)
class Courtesies:
    """Replies by the squashed wording of what they reply to."""

    replies: dict[str, dict[Language, str]]

    @classmethod
    def load(cls) -> Courtesies:
        """Reads the phrases and replies that come with the package."""
        groups = tomllib.loads(files("qilu_rag.answer").joinpath(_FILE).read_text("utf-8"))
        return cls(
            {
                _bare(phrase): {"zh": group["zh"], "en": group["en"]}
                for group in groups.values()
                for phrase in group["phrases"]
            }
        )

    def reply(self, text: str, language: Language) -> str | None:
        """What to say to a courtesy; None for everything else."""
        found = self.replies.get(_bare(text))
        return found[language] if found else None


def _bare(text: str) -> str:
    squashed = squash(text)
    return _PARTICLES.sub("", squashed) or squashed
