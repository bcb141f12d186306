"""How well answers rest on passages that the caller brings: noisy, contradictory, too few.

    python -m evals.given --squad FILE --half dev --sample 40

Cases are made of a public reading-comprehension set in SQuAD's form. Each question comes
with five windows of some 300 characters: the one that holds the answer among the four that
come nearest to it and hold it not (noisy), the five nearest that hold it not
(insufficient), or two that tell different numbers (contradictory). They take the way of
`qilu ask --batch` with `passages`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

from rich.console import Console
from rich.table import Table

from evals.metrics import percentile, share
from evals.remembered import asked
from evals.retrieval.collections import answered_paragraphs
from qilu_rag.assistant import Assistant
from qilu_rag.config import load_settings
from qilu_rag.errors import QiluError
from qilu_rag.text.fold import squash
from qilu_rag.text.words import index_terms, query_terms
from qilu_rag.types import Reply

Kind = Literal["noisy", "insufficient", "contradictory"]
_KINDS: tuple[Kind, ...] = ("noisy", "insufficient", "contradictory")
_WINDOW = 300
_PASSAGES = 5
_SEED = 6
_LONGEST_ANSWER = 12
"""Longer answers are clauses that may be told in other words."""
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCase:
    """A question with its passages.

    Attributes:
        answers: any of them is right; of a contradictory case both are needed.
    """

    id: str
    kind: Kind
    question: str
    passages: tuple[str, ...]
    answers: tuple[str, ...]

    def right(self, reply: Reply) -> bool:
        """Whether the reply is what an honest reader of the passages would say."""
        if self.kind == "insufficient":
            return reply.status == "refused"
        if reply.status not in ("answered", "extract"):
            return False
        said = squash(reply.answer)
        held = [squash(answer) in said for answer in self.answers]
        return all(held) if self.kind == "contradictory" else any(held)


def make_cases(path: Path, half: str, sample: int) -> list[GivenCase]:
    """So many cases of each kind, drawn by a fixed seed from one half of a set.

    Raises:
        InputError: when the file is not in SQuAD's form.
    """
    known = list(answered_paragraphs(path))
    windows = [_window(text, text.find(answers[0])) for text, _, answers in known]
    pool = sorted(set(windows))
    terms = [frozenset(index_terms(text)) for text in pool]
    rows = [
        (question, answers, window)
        for (_, question, answers), window in zip(known, windows, strict=True)
        if half in ("all", _half(question)) and 0 < len(squash(answers[0])) <= _LONGEST_ANSWER
    ]
    chance = Random(_SEED)  # noqa: S311
    chance.shuffle(rows)
    cases: list[GivenCase] = []
    for kind in _KINDS:
        # A number that is changed makes a contradiction that can be told from the text.
        fitting = [r for r in rows if kind != "contradictory" or _NUMBER.search(r[1][0])]
        for question, answers, window in fitting[:sample]:
            near = _nearest(question, answers, pool, terms)
            passages, wanted = _passages(kind, window, near, answers)
            chance.shuffle(passages)
            cases.append(
                GivenCase(
                    id=f"{kind}-{len(cases)}",
                    kind=kind,
                    question=question,
                    passages=tuple(passages),
                    answers=wanted,
                )
            )
    return cases


def _half(question: str) -> str:
    return "dev" if hashlib.sha256(question.encode()).digest()[0] % 2 == 0 else "report"


def _window(text: str, at: int) -> str:
    """Some 300 characters around a place, from one sentence end to another."""
    start = max(0, at - _WINDOW // 2)
    start = text.find("。", max(0, start - 60), at) + 1 if start else 0
    end = text.find("。", min(len(text), start + _WINDOW - 60))
    return text[start : end + 1 if end >= 0 else len(text)].strip()


def _nearest(
    question: str, answers: Sequence[str], pool: Sequence[str], terms: Sequence[frozenset[str]]
) -> list[str]:
    """The windows that share most words with a question and don't hold its answer."""
    wanted = frozenset(query_terms(question))
    without = [
        (len(wanted & held), text)
        for text, held in zip(pool, terms, strict=True)
        if not any(squash(answer) in squash(text) for answer in answers)
    ]
    return [text for _, text in sorted(without, key=lambda row: -row[0])[:_PASSAGES]]


def _passages(
    kind: Kind, window: str, near: Sequence[str], answers: tuple[str, ...]
) -> tuple[list[str], tuple[str, ...]]:
    """The passages of a case, and the answers that they call for."""
    if kind == "insufficient":
        return list(near), answers
    if kind == "noisy":
        return [window, *near[: _PASSAGES - 1]], answers
    other = _NUMBER.sub(lambda m: str(int(m[0]) + 3), answers[0])
    told = window.replace(answers[0], other)
    return [window, told, *near[: _PASSAGES - 2]], (answers[0], other)


def run(
    assistant: Assistant, cases: Sequence[GivenCase], out: Path | None
) -> Iterator[tuple[GivenCase, Reply]]:
    """Asks every case; keeps the replies in a file, a line each."""
    lines = []
    for case in cases:
        *_, reply = assistant.ask(case.question, passages=case.passages)
        yield case, reply
        lines.append(
            json.dumps(
                {
                    "id": case.id,
                    "question": case.question,
                    "passages": case.passages,
                    "wanted": case.answers,
                    "right": case.right(reply),
                    "status": reply.status,
                    "answer": reply.answer,
                },
                ensure_ascii=False,
            )
        )
        if out is not None:
            out.write_text("\n".join(lines) + "\n", "utf-8")


def table(outcomes: Sequence[tuple[GivenCase, Reply]]) -> Table:
    """What came of each kind, with sample sizes."""
    shown = Table("passages", "right", "refused", "whole answer, p50 / p95 ms")
    for kind in _KINDS:
        rows = [(case, reply) for case, reply in outcomes if case.kind == kind]
        times = [reply.ms.total for _, reply in rows]
        shown.add_row(
            kind,
            str(share([case.right(reply) for case, reply in rows])),
            str(share([reply.status == "refused" for _, reply in rows])),
            f"{percentile(times, 0.5):,.0f} / {percentile(times, 0.95):,.0f}",
        )
    return shown


def main() -> None:
    """Makes the cases, asks them, prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--squad", type=Path, required=True, help="a set in SQuAD's form")
    parser.add_argument("--half", choices=("dev", "report", "all"), default="report")
    parser.add_argument("--sample", type=int, default=40, help="cases of each kind")
    parser.add_argument("--cache", type=Path, help="file that keeps what the model says")
    parser.add_argument("--out", type=Path, help="keep every reply, a line each")
    options = parser.parse_args()
    console = Console(width=110)
    try:
        cases = make_cases(options.squad, options.half, options.sample)
        with asked(load_settings(), options.cache) as assistant:
            console.print(table(list(run(assistant, cases, options.out))))
    except QiluError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
