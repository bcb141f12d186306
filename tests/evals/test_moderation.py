"""The moderation figures: cases that hold what they say, and counts that can go down."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import evals.moderation
from evals.moderation.measure import measure_moderation
from evals.moderation.personal import personal_cases
from evals.moderation.rewrite import REWRITES
from qilu_rag.errors import InputError
from qilu_rag.moderation import Gate, Lexicon, PersonalData

FRAMES = Path(evals.moderation.__file__).parent / "personal.txt"


def test_every_case_holds_its_secret_and_repeats_with_its_seed() -> None:
    cases = personal_cases(FRAMES, each=2, seed=1)
    assert cases == personal_cases(FRAMES, each=2, seed=1)
    assert cases != personal_cases(FRAMES, each=2, seed=2)
    assert all(case.secret in case.text and "{" not in case.text for case in cases)


@pytest.mark.parametrize("name", REWRITES)
def test_rewriting_changes_a_text_with_both_scripts(name: str) -> None:
    text = "哪里有赌博网站 porn site"
    assert any(REWRITES[name](text, random.Random(seed)) != text for seed in range(3))


def test_a_gate_that_sees_nothing_gets_no_figures_for_free() -> None:
    seeing = measure_moderation(Gate((Lexicon.default(), PersonalData())), ["孔子是鲁国人。"])
    blind = measure_moderation(Gate(()), ["孔子是鲁国人。"])
    assert seeing.harmful[-1].share > 0.9
    assert blind.harmful[-1].good == 0
    assert blind.variants == []
    assert seeing.harmless[0].share == 1.0


def test_no_corpus_is_said() -> None:
    with pytest.raises(InputError, match="no corpus"):
        measure_moderation(Gate(()), [])
