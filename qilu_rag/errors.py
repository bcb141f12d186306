"""Everything that can go wrong and be said in one sentence.

    QiluError
    ├── ConfigError        a setting is unknown or has a wrong value
    ├── InputError         what was handed in can't be used (question, option, batch line)
    │   └── DocumentError  a file can't be read as a document
    ├── ModelError
    │   ├── ModelMissing   a model's files are not there
    │   ├── ModelCorrupt   a model's files are not what the manifest says
    │   └── ChatError      the chat model can't be reached, or broke off
    ├── CorpusError        original texts can't be fetched, or the corpus can't be checked
    ├── SnapshotError      the index is missing, damaged or was made by another embedder
    └── Busy               another process holds the lock

Each message names the thing and says what to do. Only these cross the edge of the
program as text; anything else is a defect and is logged with its cause.
"""

from __future__ import annotations

_LONGEST_REASON = 500


class QiluError(Exception):
    """Base of all errors that carry a sentence for the person at the keyboard."""


class ConfigError(QiluError):
    """A setting is unknown or has a wrong value."""


class InputError(QiluError):
    """What was handed in can't be used."""


class DocumentError(InputError):
    """A file can't be read as a document.

    Args:
        source: path of the file, or id of the line, as the person named it.
        reason: what is wrong, and the mend; made one line, and cut when it is very long.
    """

    def __init__(self, source: str, reason: str) -> None:
        # Libraries put whole paragraphs into their errors.
        line = " ".join(reason.split())
        self.source = source
        self.reason = line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
        super().__init__(f"{source}: {self.reason}")

    def __reduce__(self) -> tuple[type[DocumentError], tuple[str, str]]:
        # An exception is pickled with its message alone, which is not what it is made of.
        return type(self), (self.source, self.reason)


class ModelError(QiluError):
    """A model can't be used."""


class ModelMissing(ModelError):
    """A model's files are not there."""


class ModelCorrupt(ModelError):
    """A model's files are not what the manifest says."""


class ChatError(ModelError):
    """The chat model can't be reached, or broke off."""


class CorpusError(QiluError):
    """Original texts can't be fetched, or the corpus can't be checked."""


class SnapshotError(QiluError):
    """The index is missing, damaged, or was made by another embedder."""


class Busy(QiluError):
    """Another process holds the lock."""
