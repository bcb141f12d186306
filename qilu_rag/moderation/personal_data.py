r"""Personal data: numbers and addresses that lead to a living person, found and hidden.

Patterns propose and checksums decide (ISO 7064 MOD 11-2 for identity cards, Luhn for
bank cards, both by python-stdnum). They run over folded text, so full-width digits count.
Numbers are bounded by digit look-arounds: `\b` sees no edge between 话 and 1.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from qilu_rag.text.fold import fold_offsets
from qilu_rag.types import Finding, Stage

CATEGORY = "personal_data"
MARKS = {
    "personal_data.id_card": "[身份证号已隐去]",
    "personal_data.mobile": "[手机号已隐去]",
    "personal_data.bank_card": "[银行卡号已隐去]",
    "personal_data.email": "[邮箱已隐去]",
}
"""Rule → what stands in the place of its finding."""

OTHER_MARK = "[已隐去]"
"""The same for rules that have no mark of their own."""

# Not part of a longer number, nor of a decimal fraction.
_BEFORE = r"(?<!\d)(?<!\d\.)"
_AFTER = r"(?!\d)(?!\.\d)"
_GAP = r"[ \-]"
_MOBILE_GAP = r"[ \-.·_–—]"

_ID_CARD = rf"(?<!\d)[1-9](?:{_GAP}?\d){{16}}{_GAP}?[\dx](?!\d)"
# Grouped as people group them, with one kind of gap: a row of years or of list numbers
# is no telephone number. Sums and measures of 11 digits carry their unit.
_MOBILE = (
    rf"{_BEFORE}(?:\(?(?:\+|00)?86\)?{_MOBILE_GAP}*)?"
    r"(?:1[3-9]\d{9}"
    rf"|1[3-9]\d(?P<a>{_MOBILE_GAP})\d{{4}}(?P=a)\d{{4}}"
    rf"|1[3-9]\d(?P<b>{_MOBILE_GAP})\d{{3}}(?P=b)\d{{5}}"
    rf"|1[3-9]\d\d(?P<c>{_MOBILE_GAP})\d{{3}}(?P=c)\d{{4}})"
    rf"{_AFTER}(?!\s*(?:元(?![旦宵月])|美元|日元|吨|立方|平方|公斤|千克|年前))"
)
_BANK_CARD = (
    rf"{_BEFORE}(?=[345689]|2[2-7])"
    rf"(?:\d{{16,19}}|\d{{4}}(?P<d>{_GAP})(?:\d{{4}}(?P=d)){{2,3}}\d{{1,4}}|\d{{6}}{_GAP}\d{{10,13}})"
    rf"{_AFTER}"
)
# The look-behind also keeps the search linear on long runs of letters.
_EMAIL = r"(?<![a-z0-9._%+\-])[a-z0-9._%+\-]+@(?:[a-z0-9\-]+\.)+[a-z]{2,}"

# GB/T 2260: the first two digits of the province-level divisions, retired ones included.
_PROVINCES = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"


def _is_id_card(number: str) -> bool:
    # Not ric.is_valid: its table of counties lags behind, and a real person's number
    # must not slip through because their district was founded last year.
    number = re.sub(_GAP, "", number).upper()
    try:
        born = ric.get_birth_date(number).year
    except ValidationError:
        return False
    known = bool(re.match(_PROVINCES, number)) and 1880 <= born <= 2100
    return known and ric.calc_check_digit(number) == number[-1]


def _is_bank_card(number: str) -> bool:
    digits = re.sub(_GAP, "", number)
    # A single digit repeated passes Luhn at some lengths but is nobody's card.
    return 16 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn.is_valid(digits)


def _always(_number: str) -> bool:
    return True


# In the order of precedence: of overlapping findings the first kind is told.
_KINDS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("personal_data.email", _EMAIL, _always),
    ("personal_data.id_card", _ID_CARD, _is_id_card),
    ("personal_data.mobile", _MOBILE, _always),
    ("personal_data.bank_card", _BANK_CARD, _is_bank_card),
)


class PersonalData:
    """Finds identity card, mobile and bank card numbers and e-mail addresses."""

    name = CATEGORY

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Finds personal data, at every stage alike; the findings do not overlap."""
        folded, origin = fold_offsets(text)
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
    for rule, pattern, passes in _KINDS:
        at = 0
        compiled = re.compile(pattern, re.ASCII)
        while match := compiled.search(folded, at):
            good = passes(match.group())
            if good:
                yield rule, match.start(), match.end()
            # A number that fails may hold, after a gap, the start of one that passes.
            at = match.end() if good else match.start() + 1


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with stretches replaced by marks, and the way from old offsets to new.

    Attributes:
        cuts: (start, end) in the old text and (start, end) in the new one, in order.
    """

    text: str
    cuts: tuple[tuple[int, int, int, int], ...] = ()

    def move(self, offset: int, *, end: bool = False) -> int:
        """The place in the new text of an offset in the old one.

        Args:
            offset: in the old text.
            end: whether it closes a span. Inside a mark, a start goes to the mark's start
                and an end to its end.
        """
        index = bisect_right([cut[0] for cut in self.cuts], offset) - 1
        if index < 0:
            return offset
        start, stop, new_start, new_stop = self.cuts[index]
        if offset >= stop:
            return new_stop + offset - stop
        if offset == start:
            return new_start
        return new_stop if end else new_start


def redact(text: str, findings: Iterable[Finding]) -> Redacted:
    """Replaces each finding's stretch by the mark of its rule; overlaps become one mark."""
    spans: list[tuple[int, int, str]] = []
    for finding in sorted(findings, key=lambda finding: (finding.start, -finding.end)):
        mark = MARKS.get(finding.rule, OTHER_MARK)
        if spans and finding.start < spans[-1][1]:
            start, end, mark = spans.pop()
            spans.append((start, max(end, finding.end), mark))
        elif finding.start < finding.end:
            spans.append((finding.start, finding.end, mark))
    parts: list[str] = []
    cuts: list[tuple[int, int, int, int]] = []
    done = 0
    length = 0
    for start, end, mark in spans:
        length += start - done
        cuts.append((start, end, length, length + len(mark)))
        parts += text[done:start], mark
        length += len(mark)
        done = end
    return Redacted("".join([*parts, text[done:]]), tuple(cuts))
