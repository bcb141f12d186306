"""Training the classifier: on a little data that the test makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.train_hate import Comment, measure, of_culture, read_by_hand, read_comments, train
from qilu_rag.errors import InputError
from qilu_rag.moderation.classify import HateClassifier

BAD = [Comment(f"你们这些坏蛋{n}号滚开", True) for n in range(30)]
GOOD = [Comment(f"泰山的第{n}级台阶真好看", False) for n in range(30)]
AGAINST = [Comment(f"第{n}次说，歧视坏蛋不对", True) for n in range(30)]


def test_it_learns_what_is_offensive_and_writes_it_down(tmp_path: Path) -> None:
    weights = train([*BAD, *GOOD])
    classifier = HateClassifier(weights)
    assert classifier.probability("那些坏蛋滚开") > 0.5
    assert classifier.probability("台阶真好看") < 0.5


def test_labels_that_follow_from_a_word_for_prejudice_are_left_out() -> None:
    assert (train([*BAD, *GOOD, *AGAINST]).weight == train([*BAD, *GOOD]).weight).all()


def test_harmless_texts_of_another_manner_lower_what_they_share() -> None:
    harmless = [Comment(f"戏里的坏蛋第{n}回出场", False) for n in range(60)]
    before, after = (
        HateClassifier(train([*BAD, *GOOD])),
        HateClassifier(train([*BAD, *GOOD], harmless)),
    )
    text = "戏里的坏蛋出场"
    assert after.probability(text) < before.probability(text)


def test_a_split_is_read_and_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dev.csv"
    path.write_text("\ufeff,split,label,TEXT\n1,dev,1,坏蛋\n2,dev,0,好人\n", encoding="utf-8")
    assert read_comments(path) == [Comment("坏蛋", True), Comment("好人", False)]
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="TEXT and label"):
        read_comments(path)
    with pytest.raises(InputError, match=r"gone\.csv"):
        read_comments(tmp_path / "gone.csv")


def test_halves_of_the_corpus_share_nothing(tmp_path: Path) -> None:
    for n in range(40):
        (tmp_path / f"e{n}.md").write_text(f"---\nid: e\n---\n# 题\n第{n}句。\n", encoding="utf-8")
    halves = {half: {c.text for c in some} for half, some in of_culture(tmp_path).items()}
    assert halves["dev"]
    assert halves["report"]
    assert not halves["dev"] & halves["report"]
    assert not any(c.offensive for some in of_culture(tmp_path).values() for c in some)


def test_the_measure_tells_every_group() -> None:
    classifier = HateClassifier(train([*BAD, *GOOD]))
    table = measure(classifier, [*BAD, *GOOD], GOOD)
    assert [str(cell) for cell in table.columns[0].cells] == [
        "as labelled",
        "corpus and questions, input",
        "corpus and questions, output",
        "corpus and questions, document",
    ]
    assert read_by_hand([*BAD, *GOOD]) == {}
