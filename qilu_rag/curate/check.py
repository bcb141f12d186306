"""The whole check of a corpus: every rule over every file, findings in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from qilu_rag.curate.facts import check_facts
from qilu_rag.curate.files import EntryFile, check_file, read_corpus
from qilu_rag.curate.findings import Finding
from qilu_rag.curate.links import check_links, check_names
from qilu_rag.curate.place_and_time import check_era, check_lists, check_place, check_reigns
from qilu_rag.curate.quotes import check_quotes, read_originals
from qilu_rag.curate.repeats import check_repeats
from qilu_rag.errors import CorpusError, DocumentError
from qilu_rag.ingest.front_matter import read_yaml
from qilu_rag.ingest.scan import Scanner

REQUIRED = "required.yaml"
DISAMBIGUATION = "disambiguation.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusReport:
    """What a check found.

    Attributes:
        files: how many files were read.
        originals: how many passages of original texts quotations were compared with;
            0 means that no quotation was.
    """

    files: int
    originals: int
    findings: tuple[Finding, ...]


def check_corpus(folder: Path, originals: Path, scanner: Scanner | None = None) -> CorpusReport:
    """Checks a corpus.

    Args:
        folder: holds a folder a category; may hold `required.yaml`, `disambiguation.yaml`.
        originals: where `qilu corpus pull classics` put its texts; may be missing.
        scanner: reads scanned documents; without one they are findings.

    Raises:
        CorpusError: when there is no such folder, or one of its lists can't be read.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder; name the folder of the corpus")
    files, unread = read_corpus(folder, scanner)
    texts = read_originals(originals)
    found = chain(
        unread,
        *(
            rule(file)
            for file in files
            for rule in (check_file, check_place, check_era, check_reigns, check_lists)
        ),
        check_links(files),
        check_names(files, _allowed(folder / DISAMBIGUATION)),
        check_facts(files),
        check_quotes(files, texts),
        check_repeats(files),
        _coverage(folder, files),
    )
    return CorpusReport(files=len(files), originals=len(texts), findings=tuple(sorted(set(found))))


def _allowed(path: Path) -> Mapping[str, Sequence[str]]:
    """The disambiguation list: name → `entries` that it may mean, and `why`."""
    if not path.is_file():
        return {}
    try:
        value = read_yaml(path.read_text("utf-8"), str(path))
        return {str(name): list(map(str, item["entries"])) for name, item in value.items()}
    except (DocumentError, OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{path} must be a mapping, name: {{entries: [id, id], why: …}} ({error})"
        ) from error


def _coverage(folder: Path, files: Sequence[EntryFile]) -> list[Finding]:
    """Entries that must be there and are not; the list maps a category to its ids."""
    path = folder / REQUIRED
    if not path.is_file():
        return []
    held = {(file.entry.category, file.entry.id) for file in files}
    lines = path.read_text("utf-8").split("\n")
    try:
        wanted = read_yaml("\n".join(lines), str(path)).items()
        missing = [(c, one) for c, ids in wanted for one in ids if (c, one) not in held]
    except (DocumentError, TypeError) as error:
        raise CorpusError(f"{path} must map each category to its ids ({error})") from error
    return [
        Finding(
            path=path,
            line=next((n for n, line in enumerate(lines, 1) if line.strip() == f"- {one}"), 1),
            rule="coverage",
            message=f"{category}/{one} is missing; write it",
        )
        for category, one in missing
    ]
