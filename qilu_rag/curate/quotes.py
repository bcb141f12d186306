"""Quotations: what stands between “” with the locator of a pulled classic, byte for byte.

Texts that the package has in traditional characters are compared in simplified ones and
with the quotation marks of the corpus; nothing else is allowed to differ.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from qilu_rag.config import IngestSettings
from qilu_rag.curate.files import EntryFile
from qilu_rag.curate.findings import Finding
from qilu_rag.errors import CorpusError
from qilu_rag.ingest.files import find_files
from qilu_rag.ingest.load import load_file
from qilu_rag.text.fold import simplify
from qilu_rag.types import Document

_QUOTED = re.compile(r"“([^“”]+)”(?:\[s\d+\])?（([^（）]{0,12}《[^（）]+)）")
# 《诗经·鲁颂·駉》 is of 诗经·鲁颂: songs are pulled by section, other works whole.
_WORK = re.compile(r"^[^《]*《[^·》]+(?:·[^·》]+(?=·))?")
_MARKS = str.maketrans("「」『』", "“”‘’")
_ELLIPSIS = re.compile("……|…")

Originals = Mapping[str, str]
"""Locator → the text that stands there, in the corpus's script and quotation marks."""


def read_originals(folder: Path) -> dict[str, str]:
    """The pulled texts by locator; empty when nothing was pulled.

    Raises:
        CorpusError: when a pulled file can't be read.
    """
    found: dict[str, str] = {}
    for path in find_files([folder])[0] if folder.is_dir() else ():
        for item in load_file(path, IngestSettings()):
            if not isinstance(item, Document):
                raise CorpusError(f"{item.source}: {item.reason}; delete {folder} and pull again")
            for block in item.blocks:
                text = item.text[block.start : block.end].strip()
                found[simplify(block.headings[-1])] = _plain(text)
    return found


def check_quotes(files: Sequence[EntryFile], originals: Originals) -> Iterator[Finding]:
    """Quotations that do not stand where they say."""
    works = {work[0] for locator in originals if (work := _WORK.match(locator))}
    poets = {locator.split("《")[0] for locator in originals} - {""}
    for file in files:
        for match in _QUOTED.finditer(file.body):
            quote, where = match.groups()
            locator = _signed(simplify(where), file, file.body[: match.start()], poets)
            work = _WORK.match(locator)
            if work is None or work[0] not in works:
                continue  # of a work that was not pulled
            if not any(_holds(text, quote) for at, text in originals.items() if _at(at, locator)):
                yield file.finding("quotes", _mend(quote, where, work[0], originals), quote)


def _signed(locator: str, file: EntryFile, before: str, poets: Collection[str]) -> str:
    """Puts the poet before the title of a lyric, when the text is plainly of one."""
    if not locator.startswith("《"):
        return locator
    near = re.split("[。！？\n]", before)[-1]
    named = [poet for poet in poets if poet in near] or [p for p in poets if p == file.entry.title]
    return named[0] + locator if len(named) == 1 else locator


def _at(locator: str, wanted: str) -> bool:
    """Whether a locator is the wanted one or lies in it: 《孟子·梁惠王上》 holds 1.1.

    A lyric is known by poet and tune: what follows the tune is a theme or first words.
    """
    if not wanted.startswith("《"):
        wanted = wanted.split("·", maxsplit=1)[0].removesuffix("》") + "》"
    stem = wanted.removesuffix("》")
    if locator == wanted or locator.startswith((wanted, stem + "·")):
        rest = locator.removeprefix(wanted)
        return not (wanted[-1:].isdigit() and rest[:1].isdigit())
    return False


def _holds(text: str, quote: str) -> bool:
    at = 0
    for piece in filter(None, _ELLIPSIS.split(_plain(quote).rstrip("，。；"))):
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _mend(quote: str, where: str, work: str, originals: Originals) -> str:
    own = {at: text for at, text in originals.items() if at.startswith(work)}
    elsewhere = [at for at, text in own.items() if _holds(text, quote)]
    if elsewhere:
        return f"“{quote}” does not stand at {where}; it stands at {elsewhere[0]}"
    letters = _letters(quote)
    near = [at for at, text in own.items() if letters in _letters(text)]
    if near:
        return f"“{quote}” is punctuated otherwise at {near[0]}: {originals[near[0]][:120]}"
    return f"“{quote}” does not stand in {work}》; quote the received text or say it in own words"


def _plain(text: str) -> str:
    return simplify(text).translate(_MARKS)


def _letters(text: str) -> str:
    return "".join(char for char in _plain(text) if char.isalnum())
