"""How well follow-ups are found: as asked, by the rules, with the model's help.

    python -m evals.follow_up --half dev             # no language model
    python -m evals.follow_up --half report --model  # beside it what the model adds

With the model English questions are also put into Chinese, as they are before an answer.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evals.cases import Case, load_cases
from evals.metrics import share
from evals.run import Outcome
from qilu_rag.assistant import Assistant, build
from qilu_rag.config import load_settings
from qilu_rag.errors import QiluError
from qilu_rag.types import Hit

Search = Callable[[Case], tuple[str, Sequence[Hit]]]
"""A case → what was searched for, and what was found."""

_K = 10


def ways(assistant: Assistant, *, model: bool) -> dict[str, Search]:
    """Name → a way to search a case."""

    def as_asked(case: Case) -> tuple[str, Sequence[Hit]]:
        return case.question, assistant.search(case.question, k=_K)

    def by_rules(case: Case) -> tuple[str, Sequence[Hit]]:
        hits = assistant.search(case.question, k=_K, history=case.history)
        return assistant.understand(case.question, history=case.history).text, hits

    def with_model(case: Case) -> tuple[str, Sequence[Hit]]:
        query, hits = assistant.evidence(case.question, history=case.history)
        return query.text, hits[:_K]

    found: dict[str, Search] = {"as asked": as_asked, "rules": by_rules}
    return found | ({"rules and model": with_model} if model else {})


def measure(cases: Sequence[Case], searches: dict[str, Search], console: Console) -> Table:
    """Searches every case in every way; what was not found goes to the console."""
    table = Table("way", "language", "recall@1", "recall@5", "facts in the first 5 passages")
    for name, search in searches.items():
        outcomes = []
        for case in cases:
            text, hits = search(case)
            outcomes.append(Outcome(case=case, hits=tuple(hits), search_ms=0.0))
            if name != "as asked" and outcomes[-1].rank != 1:
                talk = " | ".join([*case.history, case.question])
                console.print(f"{name}: {case.id} {talk} ⇒ {text}", markup=False)
        for language in ("zh", "en"):
            some = [o for o in outcomes if o.case.language.startswith(language)]
            table.add_row(
                name,
                language,
                str(share([o.rank == 1 for o in some])),
                str(share([o.rank is not None and o.rank <= 5 for o in some])),
                str(share([_told(o) for o in some])),
            )
    return table


def _told(outcome: Outcome) -> bool:
    texts = (hit.entry.title + hit.passage.text for hit in outcome.hits[:5])
    return outcome.case.holds_facts(" ".join(texts))


def main() -> None:
    """Reads the flags and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=Path, default=Path("evals/cases_follow_up"))
    parser.add_argument("--half", default="dev", help="dev, report or all")
    parser.add_argument("--model", action="store_true", help="ask the language model too")
    flags = parser.parse_args()
    console = Console()
    with build(load_settings()) as assistant:
        cases = load_cases(flags.cases, flags.half)
        console.print(measure(cases, ways(assistant, model=flags.model), console))


if __name__ == "__main__":
    try:
        main()
    except QiluError as error:
        sys.exit(str(error))
