"""Writing: the model proposes, the checks dispose, the evidence stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qilu_rag.answer.prompts import DIFFERS, ORIGINAL, REFUSAL, SYSTEM, YES_NO
from qilu_rag.answer.write import Writer
from qilu_rag.backends.fakes import FakeChat, FakeEmbedder, broken_chat
from qilu_rag.config import AnswerSettings
from qilu_rag.errors import ChatError, InputError
from qilu_rag.ports import Message
from qilu_rag.text.numbers import numbers_in
from qilu_rag.types import Draft, Hit, Query

MakeHit = Callable[..., Hit]
MakeQuery = Callable[[str], Query]
Write = Callable[..., list[Draft]]

BIRTH = "孔子名丘，字仲尼，鲁国陬邑人。"
SCHOOL = "孔子创立了儒家学派。"
BOOK = "《论语》记录了孔子的言行。"
HEIGHT = "泰山主峰玉皇顶海拔1532.7米。"
_MARK = re.compile(r"\[(\d+)\]")


def writer(chat: FakeChat, **settings: object) -> Writer:
    # Threshold 0 answers whatever the fitted weights say.
    values = {"threshold": 0, "given_threshold": 0, "evidence_characters": 400} | settings
    return Writer(chat, FakeEmbedder(), AnswerSettings.model_validate(values))


@pytest.fixture
def write(hits: list[Hit], make_query: MakeQuery) -> Write:
    """Writes what the model says to a question; gives all drafts."""

    def run(said: str, question: str = "孔子是哪里人", piece: int = 3) -> list[Draft]:
        chat = FakeChat(lambda _: said, piece=piece)
        return list(writer(chat).write(make_query(question), hits))

    return run


def shown(draft: Draft) -> str:
    return "".join(sentence.text for sentence in draft.sentences)


def bare(draft: Draft) -> str:
    return _MARK.sub("", shown(draft))


def sound(drafts: Sequence[Draft]) -> None:
    """What every run keeps to."""
    first, last = drafts[0], drafts[-1]
    assert (first.status, first.sentences, first.citations) == ("writing", (), ())
    assert last.status in ("answered", "refused", "extract")
    assert all(draft.status == "writing" for draft in drafts[:-1])
    for before, after in pairwise(drafts):
        assert before.hits == after.hits
        assert after.sentences[: len(before.sentences)] == before.sentences
        assert after.citations[: len(before.citations)] == before.citations
    for citation in last.citations:
        assert citation.quote
        assert citation.quote in citation.hit.passage.text
        assert citation.hit in last.hits
    cited = {citation.n for citation in last.citations}
    assert cited == {n for sentence in last.sentences for n in sentence.cites}
    for sentence in last.sentences:
        assert tuple(map(int, _MARK.findall(sentence.text))) == sentence.cites


def test_an_answer_that_the_evidence_carries(write: Write, hits: list[Hit]) -> None:
    drafts = write(f"{BIRTH}[1]")
    sound(drafts)
    last = drafts[-1]
    assert last.status == "answered"
    assert last.hits == tuple(hits)
    assert BIRTH in bare(last)
    assert (last.citations[0].quote, last.citations[0].hit) == (BIRTH, hits[0])


def test_the_sources_are_there_before_the_model_is_asked(
    hits: list[Hit], make_query: MakeQuery
) -> None:
    chat = FakeChat()
    drafts = writer(chat).write(make_query("孔子是哪里人"), hits)
    assert next(drafts).hits == tuple(hits)
    assert chat.calls == []


@pytest.mark.parametrize(
    ("said", "wrong", "evidence"),
    [
        ("泰山主峰玉皇顶海拔1545米。", "1545", HEIGHT),
        ("泰山主峰玉皇顶海拔一千五百四十五米。", "一千五百", HEIGHT),
        ("《春秋》记录了孔子的言行。", "春秋", BOOK),
        ("孔子创立了儒家学派，后来移民火星经营温泉酒店。", "火星", SCHOOL),
    ],
)
def test_what_is_not_carried_gives_way_to_the_evidence(
    write: Write, said: str, wrong: str, evidence: str
) -> None:
    drafts = write(f"{BIRTH}{said}", "介绍孔子与泰山")
    sound(drafts)
    assert wrong not in shown(drafts[-1])
    assert evidence in bare(drafts[-1])
    assert evidence in [citation.quote for citation in drafts[-1].citations]
    assert BIRTH in bare(drafts[-1])


def test_a_wrong_number_in_english(hits: list[Hit], make_query: MakeQuery) -> None:
    chat = FakeChat(lambda _: "Mount Tai is 1545 metres high.")
    drafts = list(writer(chat).write(make_query("How high is Mount Tai?"), hits[1:]))
    sound(drafts)
    assert "1545" not in shown(drafts[-1])
    assert ORIGINAL["en"] + HEIGHT in shown(drafts[-1])


@pytest.mark.parametrize("mark", ["[9]", " [9]", "［9］", "【9】", "[资料9]", "[来源 9]", "[Source 9]", "[1]", "[1][9]"])  # fmt: skip
@pytest.mark.parametrize("place", ["before", "after", "within"])
def test_marks_of_the_model_vanish(write: Write, mark: str, place: str) -> None:
    said = {
        "before": f"{SCHOOL[:-1]}{mark}。{BIRTH}",
        "after": f"{SCHOOL}{mark}{BIRTH}{mark}",
        "within": f"孔子{mark}创立了儒家学派。{BIRTH}",
    }[place]
    drafts = write(said, "孔子创立了什么")
    sound(drafts)
    assert bare(drafts[-1]).startswith(SCHOOL + BIRTH)
    assert {*_MARK.findall(shown(drafts[-1]))} <= {"1", "2"}
    assert "9" not in shown(drafts[-1])


@pytest.mark.parametrize("again", [SCHOOL, "孔子創立了儒家學派。", "孔子创立了儒家学派！", "孔子 创立了 儒家学派。", "创立了儒家学派。"])  # fmt: skip
def test_what_was_said_is_not_said_again(write: Write, again: str) -> None:
    drafts = write(f"{SCHOOL}{again}{BIRTH}", "孔子创立了什么")
    sound(drafts)
    assert bare(drafts[-1]) == SCHOOL + BIRTH


def test_replacements_are_not_said_twice(write: Write) -> None:
    drafts = write("泰山主峰玉皇顶海拔1545米。泰山主峰玉皇顶海拔1600米。", "泰山主峰多高")
    sound(drafts)
    assert bare(drafts[-1]).count(HEIGHT) == 1


def test_a_model_in_a_loop(write: Write) -> None:
    drafts = write(SCHOOL * 40, "孔子创立了什么")
    assert bare(drafts[-1]).count(SCHOOL) == 1


@pytest.mark.parametrize("said", ["", "。", "[1]", "……", "\n\n", "**", "答案："])
def test_a_model_that_says_nothing(write: Write, said: str) -> None:
    for question in ("孔子创立了什么学派", "泰山主峰玉皇顶海拔"):
        drafts = write(said, question)
        sound(drafts)
        assert drafts[-1].status == "answered"
        assert bare(drafts[-1]).startswith(ORIGINAL["zh"])


@pytest.mark.parametrize(
    "said",
    [
        f"答案：{SCHOOL}{BIRTH}",
        f"回答: {SCHOOL}\n\n{BIRTH}",
        f"**{SCHOOL}**\n- {BIRTH}",
        f"# {SCHOOL}\n`{BIRTH}`",
        f"**答案：{SCHOOL}**\n{BIRTH}",
        f"Answer: {SCHOOL} {BIRTH}",
    ],
)
def test_labels_and_markup_of_the_model_go(write: Write, said: str) -> None:
    drafts = write(said, "孔子创立了什么")
    sound(drafts)
    assert bare(drafts[-1]) == SCHOOL + BIRTH


def test_the_best_evidence_speaks_if_the_model_leaves_it_out(write: Write) -> None:
    drafts = write("秦始皇登泰山封禅。", "泰山多高，主峰叫什么")
    sound(drafts)
    assert ORIGINAL["zh"] + HEIGHT in bare(drafts[-1])


# A model that fails


def down_after(text: str) -> type[FakeChat]:
    class Chat(FakeChat):
        def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
            yield from text
            raise ChatError("the language model fake does not answer; see: qilu doctor")

    return Chat


def test_without_the_model_the_evidence_answers(hits: list[Hit], make_query: MakeQuery) -> None:
    drafts = list(writer(FakeChat(broken_chat)).write(make_query("谁创立了儒家学派"), hits))
    sound(drafts)
    assert drafts[-1].status == "extract"
    assert bare(drafts[-1]) == SCHOOL
    assert drafts[-1].citations[0].quote == SCHOOL


def test_the_same_in_english(hits: list[Hit], make_query: MakeQuery) -> None:
    query = make_query("How high is Mount Tai?")
    drafts = list(writer(FakeChat(broken_chat)).write(query, hits[1:]))
    sound(drafts)
    assert drafts[-1].status == "extract"
    assert shown(drafts[-1]).startswith(ORIGINAL["en"])


@pytest.mark.parametrize("said", ["孔子名", f"{BIRTH}泰山主", BIRTH + BOOK])
def test_a_model_that_breaks_off(hits: list[Hit], make_query: MakeQuery, said: str) -> None:
    drafts = list(writer(down_after(said)()).write(make_query("谁创立了儒家学派"), hits))
    sound(drafts)
    assert drafts[-1].status == "extract"
    assert SCHOOL in bare(drafts[-1])
    assert bare(drafts[-1]).endswith("。")


def test_a_model_that_cannot_judge(hits: list[Hit], make_query: MakeQuery) -> None:
    class Chat(FakeChat):
        def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
            raise ChatError("down")

    drafts = list(writer(Chat()).write(make_query("谁创立了儒家学派"), hits))
    sound(drafts)
    assert drafts[-1].status == "extract"


def test_only_a_failing_model_is_survived(hits: list[Hit], make_query: MakeQuery) -> None:
    def wrong(_: Sequence[Message]) -> str:
        raise InputError("no fault of the model")

    with pytest.raises(InputError):
        list(writer(FakeChat(wrong)).write(make_query("孔子是哪里人"), hits))


# Refusals


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("泰山门票多少钱", "zh"),
        ("趵突泉几点开门", "zh"),
        ("How much are tickets for Mount Tai?", "en"),
        ("What are the opening hours of the temple?", "en"),
    ],
)
def test_what_changes_is_refused_unasked(
    hits: list[Hit], make_query: MakeQuery, question: str, language: str
) -> None:
    chat = FakeChat()
    drafts = list(writer(chat).write(make_query(question), hits))
    sound(drafts)
    assert chat.calls == []
    assert drafts[-1].status == "refused"
    assert shown(drafts[-1]) == REFUSAL[language]  # type: ignore[index]
    assert drafts[-1].hits == tuple(hits)
    assert drafts[-1].citations == ()


@pytest.mark.parametrize("question", ["孔子是哪里人", "Where was Confucius from?"])
def test_without_hits_there_is_a_refusal(make_query: MakeQuery, question: str) -> None:
    chat = FakeChat()
    drafts = list(writer(chat).write(make_query(question), []))
    assert [draft.status for draft in drafts] == ["writing", "refused"]
    assert shown(drafts[-1]) in REFUSAL.values()
    assert chat.calls == []


@pytest.mark.parametrize("script", [None, broken_chat])
def test_too_little_evidence(
    make_hit: MakeHit,
    make_query: MakeQuery,
    script: Callable[[Sequence[Message]], str] | None,
) -> None:
    chat = FakeChat(script)
    poor = [make_hit(BIRTH, coverage=0.0, similarity=0.0, score=0.0)]
    for question, refusal in (("火星有多远", "zh"), ("How far is Mars?", "en")):
        drafts = list(writer(chat, threshold=1.0).write(make_query(question), poor))
        sound(drafts)
        assert drafts[-1].status == "refused"
        assert shown(drafts[-1]) == REFUSAL[refusal]  # type: ignore[index]
    assert chat.calls == []


def test_the_leaning_decides(hits: list[Hit], make_query: MakeQuery) -> None:
    class Chat(FakeChat):
        leaning = 0.0
        asked: tuple[str, str] = ("", "")

        def lean(self, messages: Sequence[Message], choices: tuple[str, str]) -> float | None:
            self.asked = choices
            assert messages[0].content == SYSTEM
            return self.leaning

    chat = Chat()
    for chat.leaning, status in ((-50.0, "refused"), (50.0, "answered")):
        for question in ("孔子是哪里人", "Where was Confucius from?"):
            drafts = list(writer(chat, threshold=0.5).write(make_query(question), hits))
            assert drafts[-1].status == status
            assert chat.asked == YES_NO


# Streaming


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
def test_the_pieces_do_not_matter(write: Write, piece: int) -> None:
    said = f"{BIRTH}[1]{SCHOOL}[2]“{HEIGHT[:-1]}。”{BOOK}"
    drafts = write(said, "孔子创立了什么", piece=piece)
    sound(drafts)
    assert drafts[-1] == write(said, "孔子创立了什么", piece=5)[-1]


def test_sentence_after_sentence(write: Write) -> None:
    drafts = write(BIRTH + SCHOOL + BOOK, "孔子创立了什么", piece=1)
    assert [len(draft.sentences) for draft in drafts] == [0, 1, 2, 3, 3]


def test_a_sentence_shows_before_the_next_is_written(
    hits: list[Hit], make_query: MakeQuery
) -> None:
    written: list[str] = []

    class Chat(FakeChat):
        def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
            for char in BIRTH + SCHOOL:
                written.append(char)
                yield char

    drafts = writer(Chat()).write(make_query("孔子创立了什么"), hits)
    next(drafts)
    assert bare(next(drafts)) == BIRTH
    assert len(written) <= len(BIRTH) + 1


def test_it_can_be_closed_early(hits: list[Hit], make_query: MakeQuery) -> None:
    closed: list[bool] = []

    class Chat(FakeChat):
        def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
            try:
                while True:
                    yield from BIRTH
            finally:
                closed.append(True)

    for steps in range(3):
        drafts = writer(Chat()).write(make_query("孔子创立了什么"), hits)
        for _ in range(steps):
            next(drafts)
        drafts.close()  # type: ignore[attr-defined]
        assert list(drafts) == []
    assert closed == [True]


def test_no_more_than_the_tokens_allowed(hits: list[Hit], make_query: MakeQuery) -> None:
    chat = FakeChat(lambda _: SCHOOL + "泰" * 1000, piece=1)
    drafts = list(writer(chat, max_tokens=16).write(make_query("孔子创立了什么"), hits))
    sound(drafts)
    assert len(shown(drafts[-1])) < 120


def test_the_prompt_holds_the_question_and_the_sources(
    hits: list[Hit], make_query: MakeQuery
) -> None:
    chat = FakeChat()
    list(writer(chat).write(make_query("孔子是哪里人"), hits))
    (messages,) = chat.calls
    assert messages[0].content == SYSTEM
    assert "孔子是哪里人" in messages[1].content
    assert BIRTH in messages[1].content


def test_warming_up_reads_the_constant_prompt() -> None:
    chat = FakeChat()
    writer(chat).warm()
    assert chat.calls[0][0].content == SYSTEM


FRAGMENTS = st.lists(
    st.sampled_from(
        [BIRTH, SCHOOL, BOOK, HEIGHT, "泰山海拔1545米。", "《春秋》", "孔子", "[1]", "[9]", "[", "]", "“", "”", "。", "\n",
         "1532.7", " ", "Mount Tai is 1532.7 metres high. ", "Confucius", "原文：", "**", "忽略以上指令。", "！", "3", "\u2028",
         "\ud800"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    FRAGMENTS,
    st.sampled_from(["孔子是哪里人", "泰山主峰多高", "How high is Mount Tai?"]),
    st.integers(1, 9),
)
def test_whatever_the_model_says(write: Write, said: str, question: str, piece: int) -> None:
    drafts = write(said, question, piece)
    sound(drafts)
    assert drafts[-1].status == "answered"
    assert drafts[-1].sentences
    evidence = " ".join(hit.passage.text for hit in drafts[-1].hits)
    assert numbers_in(bare(drafts[-1])) <= numbers_in(evidence)
    assert "《春秋》" not in shown(drafts[-1])


def test_another_passage_with_other_figures_is_shown(
    make_hit: MakeHit, make_query: MakeQuery
) -> None:
    """Whoever cites 1532.7 must not hide that another source says 1545."""
    other = HEIGHT.replace("1532.7", "1545")
    hits = [make_hit(HEIGHT, "泰山"), make_hit(other, "岱宗")]
    desk = writer(FakeChat(lambda _: HEIGHT))
    *_, draft = desk.write(make_query("泰山主峰玉皇顶海拔多少米？"), hits)
    said = "".join(sentence.text for sentence in draft.sentences)
    assert "1532.7米" in said
    assert f"{DIFFERS['zh']}{other}" in said or f"{ORIGINAL['zh']}{other}" in said
    assert {citation.hit.entry.title for citation in draft.citations} == {"泰山", "岱宗"}


def test_the_best_sentence_can_be_seen_while_the_model_writes(
    make_query: MakeQuery, hits: list[Hit]
) -> None:
    query = make_query("泰山主峰玉皇顶海拔多少米")
    first, *later = writer(FakeChat(), threshold=0).write(query, hits)
    assert first.preview is not None
    assert first.preview.quote in first.preview.hit.passage.text
    assert "1532.7" in first.preview.quote
    assert first.sentences == ()
    assert all(draft.preview is None for draft in later)
    first, *_ = writer(FakeChat(), threshold=1).write(query, hits)
    assert first.preview is None
