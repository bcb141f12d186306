r"""The kinds of personal data: patterns propose, and checksums decide where there are any.

Identity cards carry ISO 7064 MOD 11-2 and bank cards Luhn's sum (both by python-stdnum).
Numbers are bounded by digit look-arounds: `\b` sees no edge between 话 and 1. What has no
checksum and could as well be a museum's (a telephone, an address, a document's number) is
personal only where the words before it say so. All patterns are for folded text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

# Not part of a longer number, nor of a decimal fraction.
_BEFORE = r"(?<!\d)(?<!\d\.)"
_AFTER = r"(?!\d)(?!\.\d)"
_GAP = r"[ \-]"
_MOBILE_GAP = r"[ \-.·_–—]"
# Between a word that names a thing and the thing: 电话是: 微信号 (我的) ...
_SO = r"[^\d\n。!?;]{0,6}?"

_ID_CARD = rf"(?<!\d)[1-9](?:{_GAP}?\d){{16}}{_GAP}?[\dx](?!\d)"
# The 15 digits of cards issued before 1999 have no check digit.
_OLD_ID_CARD = rf"身份证{_SO}(?P<it>{_BEFORE}[1-9]\d{{5}}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{{3}})(?!\d)"
# Grouped as people group them, with one kind of gap: a row of years or of list numbers
# is no telephone number. Sums and measures of 11 digits carry their unit.
_MOBILE = (
    rf"{_BEFORE}(?:\(?(?:\+|00)?86\)?{_MOBILE_GAP}*)?"
    r"(?:1[3-9]\d{9}"
    rf"|1[3-9]\d(?P<a>{_MOBILE_GAP})\d{{4}}(?P=a)\d{{4}}"
    rf"|1[3-9]\d(?P<b>{_MOBILE_GAP})\d{{3}}(?P=b)\d{{5}}"
    rf"|1[3-9]\d\d(?P<c>{_MOBILE_GAP})\d{{3}}(?P=c)\d{{4}})"
    rf"{_AFTER}(?!\s*(?:元(?![旦宵月])|美元|日元|吨|立方|平方|公斤|千克|年前))"
)
# A ticket office wants to be called; a home does not.
_LANDLINE = (
    r"(?<!咨询)(?<!服务)(?<!投诉)(?<!预约)(?<!订票)(?<!购票)(?<!热线)(?<!客服)(?<!报警)(?<!救援)(?<!举报)"
    r"(?:电话|座机|固话|宅电|打到|打给|\b(?:home|my|his|her) (?:phone|number|landline))"
    rf"{_SO}(?P<it>{_BEFORE}(?:\(?0(?:10|2\d|[3-9]\d\d)\)?{_GAP}?)?[2-8]\d{{2,3}}{_GAP}?\d{{4}}"
    rf"(?:(?:转|{_GAP})\d{{1,5}})?){_AFTER}"
)
_BANK_CARD = (
    rf"{_BEFORE}(?=[345689]|2[2-7])"
    rf"(?:\d{{16,19}}|\d{{4}}(?P<d>{_GAP})(?:\d{{4}}(?P=d)){{2,3}}\d{{1,4}}|\d{{6}}{_GAP}\d{{10,13}})"
    rf"{_AFTER}"
)
# The look-behind also keeps the search linear on long runs of letters.
_EMAIL = r"(?<![a-z0-9._%+\-])[a-z0-9._%+\-]+@(?:[a-z0-9\-]+\.)+[a-z]{2,}"
# National Immigration Administration: ordinary E + 8 digits or a letter (neither i nor o)
# and 7 digits, older G; official D, S, P; passes to Hong Kong, Macao and Taiwan C, W, H, M, L, T.
_PASSPORT = (
    r"(?:护照|通行证|回乡证|台胞证|\bpassport)[^\d\n。!?;]{0,12}?(?<![a-z])"
    r"(?P<it>(?:[egdshmcwlt]\d{8,10}|e[a-hj-np-z]\d{7}|[dsp][esd]?\d{7}|1[45]\d{7}))(?![a-z\d])"
)
# GA 36: a province's character, a letter, five or (new energy) six of letters and digits.
_PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-np-z]"
    r"[ ·•.・\-]?(?=[a-z]{0,4}\d[a-z]{0,4}\d)[a-hj-np-z\d]{4,5}[a-hj-np-z\d挂学警港澳](?![a-z\d])"
)
_NAMED = r"(?:号码|账号|帐号|号|id|群)?(?:也?是|为|叫|:|=|\bis\b|\s|,|-){0,4}"
_WECHAT = (
    r"(?:微信|薇信|威信|(?<![a-z])(?:we ?chat|weixin|vx|wx|v信))(?!公众|支付|小程序|视频)"
    rf"(?:{_NAMED}(?P<it>(?=[a-z_\-]*\d|[a-z\d]*[_\-])[a-z][a-z\d_\-]{{5,19}}))(?![a-z\d_\-])"
)
_WECHAT_WORD = (
    r"(?:微信|薇信|(?<![a-z])(?:we ?chat|vx))(?!公众|支付)"
    r"(?:号码?|账号|帐号| ?id)(?:也?是|为|叫|:|=|\bis\b|\s){0,4}(?P<it>[a-z][a-z\d_\-]{5,19})(?![a-z\d_\-])"
)
_QQ = rf"(?:(?<![a-z])qq|扣扣|企鹅号){_NAMED}(?P<it>{_BEFORE}[1-9]\d{{4,11}}){_AFTER}"

_COUNT = r"(?:\d{1,5}|[一二三四五六七八九十百零〇]{1,6})"
_STREET = (
    r"[^\d\n。!?;:]{1,30}?(?:路|街|巷|胡同|小区|花园|苑|村|弄|里|大道|公寓|家园|院|屯|庄|城|湾|府)"
)
_HOUSE = rf"{_COUNT}(?:号楼|号院|号|栋|幢|弄|座)"
_ROOM = rf"(?:[^\d\n。!?;,]{{0,3}}?{_COUNT}(?:号楼|栋|幢|座|楼|层|单元|室|户|号)){{0,4}}"
# Somebody lives there, by the words before it (where people of the past lived is history) ...
_HOME = (
    r"(?:家庭(?:住址|地址)|住址|收货地址|邮寄地址|通讯地址|家里?地址|户籍(?:地址|所在地)|家住|现住|租住"
    r"|[我你您]家?(?:就|现在)?(?:住在|住)|[我你您他她]家(?:就|现在)?在?|寄到|寄往|送到)(?:也?是|为|在|:|\s){0,3}"
    rf"(?P<it>{_STREET}[^\n。!?;,]{{0,8}}?{_HOUSE}{_ROOM})"
)
# ... or because there is a flat behind the house number.
_FLAT = (
    rf"(?P<it>[\u4e00-\u9fff]{{2,24}}(?:路|街|巷|胡同|小区|花园|苑|大道|公寓|家园)"
    rf"(?:{_COUNT}号[,\s]?)?(?:[\u4e00-\u9fff]{{0,6}}(?:{_COUNT}|[a-z])(?:号楼|栋|幢|座|号院)[,\s]?)?{_COUNT}单元[,\s]?{_COUNT}(?:室|户|号|楼)?)"
)

# GB/T 2260: the first two digits of the province-level divisions, retired ones included.
_PROVINCES = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"


def _is_id_card(number: str) -> bool:
    # Not ric.is_valid: its table of counties lags behind, and a real person's number
    # must not slip through because their district was founded last year.
    number = re.sub(_GAP, "", number).upper()
    try:
        born = ric.get_birth_date(number).year
    except ValidationError:
        return False
    known = bool(re.match(_PROVINCES, number)) and 1880 <= born <= 2100
    return known and ric.calc_check_digit(number) == number[-1]


def _is_bank_card(number: str) -> bool:
    digits = re.sub(_GAP, "", number)
    # A single digit repeated passes Luhn at some lengths but is nobody's card.
    return 16 <= len(digits) <= 19 and len(set(digits)) > 1 and luhn.is_valid(digits)


def _always(_number: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of personal data.

    Attributes:
        name: the last part of its rule.
        pattern: of folded text; what is to be hidden is its group `it`, or all of it.
        passes: whether a match is one indeed.
    """

    name: str
    pattern: str
    passes: Callable[[str], bool] = _always


KINDS = (
    Kind("email", _EMAIL),
    Kind("id_card", _ID_CARD, _is_id_card),
    Kind("id_card", _OLD_ID_CARD),
    Kind("mobile", _MOBILE),
    Kind("bank_card", _BANK_CARD, _is_bank_card),
    Kind("passport", _PASSPORT),
    Kind("plate", _PLATE),
    Kind("account", _WECHAT),
    Kind("account", _WECHAT_WORD),
    Kind("account", _QQ),
    Kind("landline", _LANDLINE),
    Kind("address", _HOME),
    Kind("address", _FLAT),
)
"""In the order of precedence: of overlapping findings the first kind is told."""
