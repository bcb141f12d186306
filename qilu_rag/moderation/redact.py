"""Redaction: stretches of a text replaced by marks, and offsets that move along."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from qilu_rag.types import Finding

MARKS = {
    "personal_data.id_card": "[身份证号已隐去]",
    "personal_data.mobile": "[手机号已隐去]",
    "personal_data.landline": "[电话号码已隐去]",
    "personal_data.bank_card": "[银行卡号已隐去]",
    "personal_data.email": "[邮箱已隐去]",
    "personal_data.passport": "[证件号已隐去]",
    "personal_data.plate": "[车牌号已隐去]",
    "personal_data.account": "[社交账号已隐去]",
    "personal_data.address": "[住址已隐去]",
}
"""Rule → what stands in the place of its finding."""

OTHER_MARK = "[已隐去]"
"""The same for rules that have no mark of their own."""


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
