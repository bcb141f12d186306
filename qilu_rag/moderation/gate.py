"""The gate: every text that enters and every text that leaves passes here.

It fails closed: a detector that raises blocks the text, and a finding that can't be
filed for review blocks it too. It is the only maker of `Verdict` and `Reply`, and what
shows something to a person takes a `Reply`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from qilu_rag.moderation import label
from qilu_rag.moderation.policy import Policy, strongest
from qilu_rag.moderation.redact import redact
from qilu_rag.moderation.review import ReviewStore
from qilu_rag.moderation.window import CONTEXT, Window
from qilu_rag.types import Citation, Draft, Finding, Query, Reply, Stage, Timing, Verdict

UNSCREENED = "unscreened"
"""Category of a text that could not be screened or filed; always blocked."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Detector(Protocol):
    """Something that sees one kind of trouble in a text."""

    @property
    def name(self) -> str:
        """What the log and the rule `detector_failed.<name>` call it."""

    def find(self, text: str, stage: Stage) -> list[Finding]:
        """Finds trouble; offsets are into `text`."""


class Gate:
    """Screens texts with all its detectors and does what the policy says."""

    def __init__(
        self,
        detectors: Iterable[Detector],
        review: ReviewStore | None = None,
        policy: Policy | None = None,
    ) -> None:
        """Puts a gate together.

        Args:
            detectors: all of them see every text.
            review: where findings are filed; without one they are not.
            policy: what is done about findings; `Policy.default()` if not given.
        """
        self._detectors = tuple(detectors)
        self._review = review
        self._policy = policy or Policy.default()

    def check(self, text: str, stage: Stage, *, question: str = "") -> Verdict:
        """Screens one text and files what it finds.

        Args:
            text: what came in, or is about to leave.
            stage: where the text stands.
            question: the reader's question that led to the text, for the reviewer.

        Returns:
            The verdict; its `text` is what may be used: redacted where the policy says
            so, empty when blocked.
        """
        return self._file(
            self._judge(text, self._findings(text, stage), stage), stage, question, text
        )

    def screen(
        self,
        drafts: Iterable[Draft],
        *,
        searched: str,
        started: float,
        search_ms: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> Iterator[Reply]:
        """Turns the drafts of one answer into replies, as they come.

        Each sentence is screened by itself and together with the two before it. On a block
        the notice replaces the whole answer, and the drafts are closed unread.

        Args:
            drafts: growing states of one answer.
            searched: the stand-alone question that was searched for.
            started: the clock's reading, in seconds, when the question came.
            search_ms: milliseconds that the search took.
            clock: seconds, as `time.perf_counter` counts them.

        Yields:
            One reply a draft, up to the one that was blocked.
        """
        answer = _Answer(self)
        source = iter(drafts)
        first: float | None = None
        try:
            for draft in source:
                verdicts = answer.screen(draft)
                now = (clock() - started) * 1000
                if first is None and any(verdict.text for verdict in verdicts):
                    first = now
                timing = Timing(search=search_ms, first=first or 0.0, total=now)
                blocking = next((v for v in verdicts if v.action == "block"), None)
                if blocking is not None:
                    yield self.refuse(draft.query, blocking, searched=searched, ms=timing)
                    return
                fit = replace(draft, preview=self._preview(draft))
                yield _reply(fit, verdicts, searched, timing)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    def refuse(
        self, query: Query, verdict: Verdict, *, searched: str = "", ms: Timing | None = None
    ) -> Reply:
        """The reply that says no more than that something was blocked.

        Args:
            query: what was asked.
            verdict: the blocking one, of the question or of a sentence of the answer.
            searched: the stand-alone question that was searched for, if it came to that.
            ms: the times taken so far.

        Raises:
            ValueError: the verdict does not block.
        """
        if verdict.action != "block" or verdict.text:
            raise ValueError("only a blocking verdict, with no text, can be refused")
        notice = Verdict(action="pass", text=label.BLOCKED[query.language])
        return Reply(
            question=query.asked,
            answer=notice.text,
            status="blocked",
            verdicts=(verdict, notice),
            language=query.language,
            label=label.NOTICE[query.language],
            searched=searched,
            ms=ms or Timing(),
        )

    def _preview(self, draft: Draft) -> Citation | None:
        """A draft's preview, if all of it may be shown."""
        preview, asked = draft.preview, draft.query.asked
        if preview and self.check(preview.quote, "output", question=asked).text == preview.quote:
            return preview
        return None

    def _findings(self, text: str, stage: Stage) -> tuple[Finding, ...]:
        """What all detectors see; a detector that raises counts as an unsafe finding."""
        found: list[Finding] = []
        for detector in self._detectors:
            seen = _guarded(detector.name, partial(_seen, detector, text, stage))
            if seen is None:
                seen = [_unscreened(f"detector_failed.{detector.name}", text)]
            found += seen
        return tuple(found)

    def _judge(self, text: str, findings: Iterable[Finding], stage: Stage) -> Verdict:
        """What the policy makes of findings in a text. Files nothing."""
        ordered = sorted(set(findings), key=lambda f: (f.start, f.end, f.rule))
        actions = {
            finding: "block"
            if finding.category == UNSCREENED
            else self._policy.action(stage, finding)
            for finding in ordered
        }
        action = strongest(actions.values())
        usable = ""
        if action != "block":
            usable = redact(text, [f for f, what in actions.items() if what == "redact"]).text
        return Verdict(action=action, text=usable, findings=tuple(ordered))

    def _file(self, verdict: Verdict, stage: Stage, question: str, text: str) -> Verdict:
        """Puts a text before the reviewers unless it passes.

        Returns:
            The verdict as it was, or a blocking one when it could not be filed.
        """
        review = self._review
        if verdict.action == "pass" or review is None:
            return verdict
        filed = _guarded(
            "review store", lambda: review.add(stage, verdict, question=question, text=text)
        )
        if filed is not None:
            return verdict
        return self._judge(text, (*verdict.findings, _unscreened("review_failed", text)), stage)


class _Answer:
    """One answer on its way through the gate: its sentences so far and their verdicts."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._texts: list[str] = []
        self._findings: list[tuple[Finding, ...]] = []
        self._verdicts: list[Verdict] = []
        self._filed: set[tuple[str, Verdict]] = set()

    def screen(self, draft: Draft) -> tuple[Verdict, ...]:
        """The verdicts on a draft's sentences, one each, as far as the first block."""
        texts = [sentence.text for sentence in draft.sentences]
        if texts[: len(self._texts)] != self._texts:
            self._texts, self._findings, self._verdicts = [], [], []
        for text in texts[len(self._texts) :]:
            self._add(text, draft.query.asked)
            if any(verdict.action == "block" for verdict in self._verdicts):
                break
        return tuple(self._verdicts)

    def _add(self, text: str, question: str) -> None:
        """Screens the next sentence, and what it makes of those before it."""
        gate = self._gate
        self._texts.append(text)
        self._findings.append(gate._findings(text, "output"))
        first = max(0, len(self._texts) - 1 - CONTEXT)
        window = Window(self._texts[first:])
        whole = [
            window.place(finding, view)
            for view in window.views
            for finding in gate._findings(view.text, "output")
        ]
        for finding in whole:
            for index, part in window.parts(finding):
                self._findings[first + index] += (part,)
        fresh = [
            gate._judge(sentence, findings, "output")
            for sentence, findings in zip(self._texts[first:], self._findings[first:], strict=True)
        ]
        self._verdicts[first:] = self._file(window, whole, fresh, question)

    def _file(
        self, window: Window, whole: Sequence[Finding], fresh: list[Verdict], question: str
    ) -> list[Verdict]:
        """Files the newest sentence, or the window where a finding spans its sentences."""
        gate = self._gate
        case, text = fresh[-1], window.texts[-1]
        if any(window.joins_newest(finding) for finding in whole):
            case, text = gate._judge(window.text, whole, "output"), window.text
        # A draft that starts over brings the same sentences again: file them once.
        if (text, case) in self._filed:
            return fresh
        self._filed.add((text, case))
        if gate._file(case, "output", question, text).action == case.action:
            return fresh
        failed = (*fresh[-1].findings, _unscreened("review_failed", window.texts[-1]))
        return [*fresh[:-1], gate._judge(window.texts[-1], failed, "output")]


def _reply(draft: Draft, verdicts: tuple[Verdict, ...], searched: str, timing: Timing) -> Reply:
    cited = {
        n
        for sentence, verdict in zip(draft.sentences, verdicts, strict=True)
        if verdict.text
        for n in sentence.cites
    }
    language = draft.query.language
    return Reply(
        question=draft.query.asked,
        answer="".join(verdict.text for verdict in verdicts),
        status=draft.status,
        verdicts=verdicts,
        citations=tuple(citation for citation in draft.citations if citation.n in cited),
        sources=draft.hits,
        language=language,
        label=label.NOTICE[language],
        searched=searched,
        ambiguous=draft.query.ambiguous,
        preview=draft.preview,
        ms=timing,
    )


def _seen(detector: Detector, text: str, stage: Stage) -> list[Finding]:
    # A generator would raise only later, out of the guard's reach.
    return list(detector.find(text, stage))


def _unscreened(rule: str, text: str) -> Finding:
    return Finding(category=UNSCREENED, level="unsafe", rule=rule, start=0, end=len(text))


def _guarded(what: str, call: Callable[[], _T]) -> _T | None:
    """Calls, and makes of any failure a None that the caller turns into a block."""
    try:
        return call()
    except Exception:  # noqa: BLE001 (whatever went wrong, the text must not pass)
        _log.exception("%s failed: the text is blocked", what)
        return None
