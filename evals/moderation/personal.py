"""Sentences with personal data: frames written by hand, filled with made-up values."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stdnum import luhn
from stdnum.cn import ric

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_STREETS = (
    "文化东路",
    "花园街",
    "幸福巷",
    "银杏小区",
    "后营坊街",
    "人民路",
    "泉城花园",
    "槐荫大道",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalCase:
    """A sentence and the value in it that must not be seen.

    Attributes:
        kind: name of the frame's placeholder.
    """

    text: str
    kind: str
    secret: str


def personal_cases(frames: Path, *, each: int, seed: int) -> list[PersonalCase]:
    """Fills every frame of a file (a line each) with random values, `each` times."""
    rng = random.Random(seed)  # noqa: S311 (repeatable cases, no secrets)
    return [
        _fill(frame, rng)
        for frame in frames.read_text("utf-8").splitlines()
        if frame.strip()
        for _ in range(each)
    ]


def _fill(frame: str, rng: random.Random) -> PersonalCase:
    values: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        return values.setdefault(match[1], _VALUES[match[1]](rng))

    text = _PLACEHOLDER.sub(value, frame)
    if "house" in values:
        # The house number is what leads to the door.
        return PersonalCase(text=text, kind="address", secret=f"{values['house']}号")
    kind, secret = next(iter(values.items()))
    return PersonalCase(text=text, kind=kind.removesuffix("_hk"), secret=secret)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _id_card(rng: random.Random) -> str:
    area = rng.choice(("370102", "370203", "370802", "370902", "110105"))
    born = f"{rng.randint(1950, 2009)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    body = area + born + _digits(rng, 3)
    return body + str(ric.calc_check_digit(body + "0"))


def _mobile(rng: random.Random) -> str:
    head = rng.choice(("138", "159", "186", "177", "199", "135"))
    a, b = _digits(rng, 4), _digits(rng, 4)
    return rng.choice(("{}{}{}", "{} {} {}", "{}-{}-{}", "+86 {}{}{}")).format(head, a, b)


def _landline(rng: random.Random) -> str:
    number = rng.choice("2345678") + _digits(rng, 7)
    return rng.choice(("0531-{}", "(0531){}", "0531 {}", "0532{}")).format(number)


def _bank_card(rng: random.Random) -> str:
    body = rng.choice(("622202", "621700", "622848", "436742")) + _digits(rng, 12)
    number = body + luhn.calc_check_digit(body)
    if rng.random() < 0.5:
        return number
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def _email(rng: random.Random) -> str:
    name = "".join(rng.choices(string.ascii_lowercase, k=6)) + _digits(rng, 2)
    return f"{name}@{rng.choice(('example.com', 'mail.example.cn', 'example.edu.cn'))}"


def _plate(rng: random.Random) -> str:
    body = "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2)) + _digits(rng, 3)
    return rng.choice("鲁京冀苏") + rng.choice("ABCDEF") + rng.choice(("", "·", " ")) + body


def _wechat(rng: random.Random) -> str:
    name = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 7)))
    return name + rng.choice(("_", "-", "")) + _digits(rng, rng.randint(3, 6))


_VALUES: dict[str, Callable[[random.Random], str]] = {
    "id_card": _id_card,
    "mobile": _mobile,
    "landline": _landline,
    "bank_card": _bank_card,
    "email": _email,
    "passport": lambda rng: rng.choice(("E", "G", "EA", "EB"))[:2].ljust(2, "1") + _digits(rng, 7),
    "passport_hk": lambda rng: rng.choice("CHM") + _digits(rng, 8),
    "plate": _plate,
    "wechat": _wechat,
    "qq": lambda rng: rng.choice("123456789") + _digits(rng, rng.randint(5, 10)),
    "street": lambda rng: rng.choice(_STREETS),
    "house": lambda rng: str(rng.randint(1, 299)),
    "flat": lambda rng: (
        f"{rng.randint(1, 20)}号楼{rng.randint(1, 6)}单元{rng.randint(101, 2504)}室"
    ),
}
