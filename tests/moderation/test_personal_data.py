"""Personal data: what is found, what is not, and what stands in its place.

All numbers here are made up; the identity numbers only have right check digits.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from qilu_rag.moderation.personal_data import PersonalData
from qilu_rag.moderation.redact import MARKS, OTHER_MARK, redact
from qilu_rag.types import Finding

DETECTOR = PersonalData()


def hide(text: str) -> str:
    return redact(text, DETECTOR.find(text, "input")).text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("身份证370102199003074519请登记", "身份证[身份证号已隐去]请登记"),
        ("号码11010519491231002X", "号码[身份证号已隐去]"),
        ("号码11010519491231002x。", "号码[身份证号已隐去]。"),
        ("３７０１０２１９９００３０７４５１９", "[身份证号已隐去]"),
        ("370102 19900307 4519", "[身份证号已隐去]"),
        ("370102199003070251", "[身份证号已隐去]"),  # passes Luhn as well
        ("13812345678@example.com", "[邮箱已隐去]"),
        ("370102-19900307-4519", "[身份证号已隐去]"),
        ("3 370102199003074519", "3 [身份证号已隐去]"),
        ("打13812345678吧", "打[手机号已隐去]吧"),
        ("138 1234 5678", "[手机号已隐去]"),
        ("138-1234-5678", "[手机号已隐去]"),
        ("138 123 45678", "[手机号已隐去]"),
        ("1381 234 5678", "[手机号已隐去]"),
        ("138－1234－5678", "[手机号已隐去]"),
        ("+86 138 1234 5678", "[手机号已隐去]"),
        ("+8613812345678", "[手机号已隐去]"),
        ("8613812345678", "[手机号已隐去]"),
        ("(+86)138-1234-5678", "[手机号已隐去]"),
        ("0086-13812345678", "[手机号已隐去]"),
        ("138\u200b12345\u200b678", "[手机号已隐去]"),
        ("１３８１２３４５６７８", "[手机号已隐去]"),
        ("13812345678、15987654321", "[手机号已隐去]、[手机号已隐去]"),
        ("13812345678元旦前打", "[手机号已隐去]元旦前打"),
        ("卡号6222020200112233446。", "卡号[银行卡号已隐去]。"),
        ("6217 0011 0000 1234 567", "[银行卡号已隐去]"),
        ("4111 1111 1111 1111", "[银行卡号已隐去]"),
        ("4111-1111-1111-1111", "[银行卡号已隐去]"),
        ("寄到li.si+a@mail.example.com吧", "寄到[邮箱已隐去]吧"),
        ("ｌｉ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[邮箱已隐去]"),
        ("打一三八一二三四五六七八找我", "打[手机号已隐去]找我"),
        ("身份证号370102900307451", "身份证号[身份证号已隐去]"),
        ("家里电话0531-85058201", "家里电话[电话号码已隐去]"),
        ("座机是（0531）8505 8201转8", "座机是[电话号码已隐去]"),
        ("护照号码：E12345678", "护照号码：[证件号已隐去]"),
        ("护照EA1234567过期了", "护照[证件号已隐去]过期了"),
        ("车牌鲁A12B45停在门口", "车牌[车牌号已隐去]停在门口"),
        ("鲁B·D12345", "[车牌号已隐去]"),
        ("魯ＡＤ12345", "[车牌号已隐去]"),
        ("加我微信zhang_san88聊", "加我微信[社交账号已隐去]聊"),
        ("微信号：lanlanqilu", "微信号：[社交账号已隐去]"),
        ("VX：qilu2026", "VX：[社交账号已隐去]"),
        ("QQ号12345678", "QQ号[社交账号已隐去]"),
        ("我家住在济南市历下区文化东路88号3号楼2单元501室。", "我家住在[住址已隐去]。"),
        ("收货地址：青岛市市南区香港中路10号", "收货地址：[住址已隐去]"),
        ("经十路99号阳光小区5号楼2单元301", "[住址已隐去]"),
    ],
)
def test_is_hidden(text: str, hidden: str) -> None:
    assert hide(text) == hidden
    assert len(DETECTOR.find(text, "input")) == hidden.count("[")
    assert hide(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "1938年3月24日，台儿庄战役开始",
        "孔子生于公元前551年，卒于公元前479年",
        "编号1-0081-3-034，登记号00013812",
        "泰山海拔1532.7米，面积24200公顷",
        "370102199003074518",  # wrong check digit
        "370102199013074511",  # there is no 13th month
        "000102199003074519",
        "12812345678",
        "138123456789",
        "0.13812345678",
        "13812345678.25",
        "13800000000元",
        "138000000000",
        "1368 1644 1911",
        "1 3 5 7 9 11 13 15 17 19",
        "3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "6222020200112233447",  # fails Luhn
        "4444444444444444",
        "978-7-5333-1234-5",
        "0531-85058201",
        "a@b",
        "@qilu",
        "1300-1368年",
        "咨询电话：0531-85058201",
        "山东博物馆位于济南市历下区经十路11899号",
        "微信公众号qilu_wenhua",
        "用微信 platform 支付",
        "登记证编号G12345678",
        "鲁迅写于1919年",
        "他住在曲阜城内，家有书3000卷",
        "一九三八年三月二十四日",
    ],
)
def test_is_left_alone(text: str) -> None:
    assert DETECTOR.find(text, "document") == []


def test_findings_say_what_and_where() -> None:
    text = "电话13812345678，邮箱a@b.cn"
    phone, mail = DETECTOR.find(text, "output")
    assert (phone.category, phone.level, phone.rule) == (
        "personal_data",
        "controversial",
        "personal_data.mobile",
    )
    assert text[phone.start : phone.end] == "13812345678"
    assert mail.rule == "personal_data.email"
    assert text[mail.start : mail.end] == "a@b.cn"


@given(
    st.sampled_from(["110105", "370102", "440106", "659001", "820000"]),
    st.dates(min_value=date(1900, 1, 1), max_value=date(2030, 1, 1)),
    st.integers(0, 999),
    st.sampled_from(["", "我的号码是", "ID:", "x"]),
)
def test_every_well_formed_identity_number_is_found(
    area: str, born: date, order: int, before: str
) -> None:
    body = f"{area}{born:%Y%m%d}{order:03d}"
    number = body + ric.calc_check_digit(body + "0")
    assert hide(f"{before}{number}，谢谢") == f"{before}[身份证号已隐去]，谢谢"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from("请，a。 ("))
def test_every_mobile_number_is_found_between_characters(number: str, around: str) -> None:
    assert hide(f"{around}{number}{around}") == f"{around}[手机号已隐去]{around}"


@given(st.text(st.sampled_from("0123456789xX -.@a号年＋+１"), max_size=60))
def test_hiding_is_complete_and_findings_keep_apart(text: str) -> None:
    findings = DETECTOR.find(text, "input")
    assert all(a.end <= b.start for a, b in pairwise(findings))
    assert all(0 <= f.start < f.end <= len(text) for f in findings)
    redacted = redact(text, findings)
    assert sum(redacted.text.count(mark) for mark in MARKS.values()) == len(findings)


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), max_size=5)


@given(st.text(st.sampled_from("山东齐鲁"), min_size=30, max_size=30), spans)
def test_offsets_move_with_the_text(text: str, places: list[list[int]]) -> None:
    findings = [
        Finding(category="x", level="unsafe", rule="r", start=start, end=end)
        for start, end in places
    ]
    redacted = redact(text, findings)
    hidden = {at for start, end in places for at in range(start, end)}
    for at, char in enumerate(text):
        if at not in hidden:
            assert redacted.text[redacted.move(at)] == char
    for finding in findings:
        if finding.start < finding.end:
            moved = redacted.text[
                redacted.move(finding.start) : redacted.move(finding.end, end=True)
            ]
            assert moved.startswith(OTHER_MARK)
    assert redacted.move(len(text)) == len(redacted.text)
