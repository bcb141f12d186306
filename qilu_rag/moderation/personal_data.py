"""Personal data: numbers, accounts and addresses that lead to a living person.

The patterns of `personal_kinds` run over folded text, so that full-width digits count, and
in which long runs of Chinese digits (一三八零零…) stand as Arabic ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qilu_rag.moderation.personal_kinds import KINDS
from qilu_rag.text.fold import fold_offsets
from qilu_rag.types import Finding, Stage

CATEGORY = "personal_data"

_CHINESE_DIGITS = str.maketrans("〇零幺一二三四五六七八九", "001123456789")
# As long as a mobile number: shorter runs are years (一九三八) and counts.
_SPELT = re.compile("[〇零幺一二三四五六七八九]{11,}")


class PersonalData:
    """Finds what leads to a person: papers, telephones, cards, accounts, addresses."""

    name = CATEGORY

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Finds personal data, at every stage alike; the findings do not overlap."""
        folded, origin = fold_offsets(text)
        folded = _SPELT.sub(lambda run: run.group().translate(_CHINESE_DIGITS), folded)
        found: list[Finding] = []
        for rule, start, end in _candidates(folded):
            first, last = origin[start], origin[end - 1] + 1
            if any(other.start < last and first < other.end for other in found):
                continue
            found.append(
                Finding(category=CATEGORY, level="controversial", rule=rule, start=first, end=last)
            )
        return sorted(found, key=lambda finding: finding.start)


def _candidates(folded: str) -> Iterator[tuple[str, int, int]]:
    for kind in KINDS:
        at = 0
        compiled = re.compile(kind.pattern, re.ASCII)
        group = "it" if "it" in compiled.groupindex else 0
        while match := compiled.search(folded, at):
            good = kind.passes(match[group])
            if good:
                yield f"{CATEGORY}.{kind.name}", match.start(group), match.end(group)
            # A number that fails may hold, after a gap, the start of one that passes.
            at = match.end() if good else match.start() + 1
