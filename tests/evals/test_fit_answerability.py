"""Fitting: separable examples are told apart, and sections that were not fitted stay."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from evals.fit_answerability import _fit, _write
from qilu_rag.answer.answerable import Judge

NAMES = ("coverage", "unheard", "leaning")
ROWS = [
    {"answerable": float(n % 2), "coverage": n % 2 * 0.8, "unheard": 0.0, "leaning": n % 2 * 3.0}
    for n in range(20)
]


@pytest.mark.parametrize("leaning", [True, False])
def test_what_is_fitted_tells_the_examples_apart(tmp_path: Path, *, leaning: bool) -> None:
    target = tmp_path / "weights.toml"
    target.write_text("# Written\n\n[other]\n# kept\nbias = 1.0\n", "utf-8")
    _write(target, _fit(ROWS, NAMES, "given_"))
    text = target.read_text("utf-8")
    weights = tomllib.loads(text)
    assert weights["other"] == {"bias": 1.0}
    assert "# kept" in text
    judge = Judge(weights=weights, threshold=0.5, given_threshold=0.5)
    for row in ROWS:
        values = {k: v for k, v in row.items() if k != "answerable"}
        if not leaning:
            del values["leaning"]
        assert (judge.probability(values, given=True) > 0.5) is (row["answerable"] == 1)


def test_fitting_again_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "weights.toml"
    target.write_text("", "utf-8")
    _write(target, _fit(ROWS, NAMES))
    first = target.read_text("utf-8")
    _write(target, _fit(ROWS, NAMES))
    assert target.read_text("utf-8") == first
