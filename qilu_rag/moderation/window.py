"""The window: neighbouring sentences of an answer, screened as one.

A phrase may be split over sentences or over the pieces in which a model's words arrive.
The window looks at neighbours in two views: as the reader sees them, and bridged, with
the citation marks and stops between them taken out. What is found in either is placed
into the plain text and shared out among the sentences it touches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from qilu_rag.types import Finding

CONTEXT = 2
"""How many sentences before the newest one are looked at with it."""

# Citation marks, stops and spaces at the end of a sentence: 。[1][2]
_TAIL = r"(?:\[\d{1,3}\]|[\s。！？!?.…；;])+\Z"
_TAIL_LENGTH = 80


@dataclass(frozen=True, slots=True)
class View:
    """A text made of the sentences, and where in the plain text each character stands."""

    text: str
    origin: Sequence[int]


class Window:
    """Neighbouring sentences.

    Attributes:
        texts: the sentences.
        text: all of them, as the reader sees them.
        views: what has to be screened; empty where a sentence stands alone.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self.text = "".join(texts)
        self.views: list[View] = []
        if len(self.texts) > 1:
            plain = View(self.text, range(len(self.text)))
            bridged = self._bridged()
            self.views = [plain] if bridged.text == plain.text else [plain, bridged]

    def _bridged(self) -> View:
        parts: list[str] = []
        origin: list[int] = []
        at = 0
        for text in self.texts:
            # No further back: the search is quadratic in a run of stops.
            back = max(0, len(text) - _TAIL_LENGTH)
            tail = re.search(_TAIL, text[back:])
            kept = back + tail.start() if tail else len(text)
            parts.append(text[:kept])
            origin += range(at, at + kept)
            if tail:
                # A space, so that numbers and Latin words on both sides stay apart.
                parts.append(" ")
                origin.append(at + kept)
            at += len(text)
        return View("".join(parts), origin)

    def place(self, finding: Finding, view: View) -> Finding:
        """The finding with offsets into the plain text instead of a view's."""
        if not finding.start < finding.end <= len(view.origin):
            return replace(finding, start=0, end=len(self.text))
        return replace(
            finding, start=view.origin[finding.start], end=view.origin[finding.end - 1] + 1
        )

    def parts(self, finding: Finding) -> Iterator[tuple[int, Finding]]:
        """Shares a finding in the plain text out.

        Yields:
            For each sentence it touches: the sentence's index in the window, and the
            finding with offsets into that sentence.
        """
        at = 0
        for index, text in enumerate(self.texts):
            start, end = max(finding.start - at, 0), min(finding.end - at, len(text))
            if start < end:
                yield index, replace(finding, start=start, end=end)
            at += len(text)

    def joins_newest(self, finding: Finding) -> bool:
        """Whether a finding in the plain text spans the last sentence and one before it."""
        newest = len(self.text) - len(self.texts[-1])
        return finding.start < newest < finding.end
