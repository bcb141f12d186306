"""Names in English sentences: what the Chinese evidence spells passes, what it does not fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from qilu_rag.answer.latin_names import made_up_names

BIRTH = "孔子名丘，字仲尼，鲁国陬邑（今山东曲阜东南）人，生于公元前551年。"


@pytest.mark.parametrize(
    ("sentence", "evidence", "known"),
    [
        ("Confucius was born in Zou Yi, a town of Lu, now Qufu.", BIRTH, "Confucius"),
        ("Confucius was born in Zouyi in Lu State.", BIRTH, "Where was Confucius born?"),
        ("Kong Qiu, styled Zhongni, came from the State of Lu.", "孔丘，字仲尼，鲁国人。", ""),
        ("Qufu's temple was rebuilt under Hongzhi of the Ming Dynasty.", "曲阜孔庙明弘治年间重建。", ""),
        ("Lǚ Shang was made lord of Qi.", "吕尚封于齐。", ""),
        ("Xi'an and Ji-nan are cities.", "西安、济南", ""),
        ("In May 1938 the Eighth Route Army came to Shandong.", "1938年5月八路军入鲁。", ""),
        ("UNESCO put it on the World Heritage List.", "列入联合国教科文组织世界遗产名录。", ""),
        ("According to the Analects, he taught.", "《论语》载", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_what_is_carried(sentence: str, evidence: str, known: str) -> None:
    assert made_up_names(sentence, evidence, known) == []


@pytest.mark.parametrize(
    ("sentence", "evidence", "names"),
    [
        ("Confucius was born in Zouyi, now known as Shennan.", BIRTH, ["Shennan"]),
        ("Shennan is where he was born.", BIRTH, ["Shennan"]),
        ("He was born in Nanjing's east.", BIRTH, ["Nanjing"]),
        ("It was built by Li Bai.", "由王羲之所建。", ["Li", "Bai"]),
        ("It stands in Fuqu.", BIRTH, ["Fuqu"]),  # the characters the other way round
        ("It is also called Vienna.", "又名", ["Vienna"]),
    ],
)
def test_what_is_made_up(sentence: str, evidence: str, names: list[str]) -> None:
    assert made_up_names(sentence, evidence, "Confucius") == names


@given(
    st.text(st.sampled_from("泰山孔庙曲阜济南青岛蓬莱崂临淄吕梁"), min_size=2, max_size=4),
    st.text(),
)
def test_the_pinyin_of_what_stands_there_is_always_carried(name: str, around: str) -> None:
    spelled = "".join(lazy_pinyin(name)).capitalize()
    assert made_up_names(f"It is in {spelled}.", f"{around}{name}", "") == []


@given(st.text(), st.text(), st.text())
def test_any_text_is_bounded_by_its_own_words(sentence: str, evidence: str, known: str) -> None:
    assert all(name in sentence for name in made_up_names(sentence, evidence, known))
