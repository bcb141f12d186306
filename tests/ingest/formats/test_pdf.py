"""PDF: pages become locators, print layout goes, what is broken gets one sentence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from qilu_rag.config import IngestSettings
from qilu_rag.errors import DocumentError
from qilu_rag.ingest.formats.pdf import assemble, read_pdf
from qilu_rag.ingest.split import split
from qilu_rag.types import Block, Document, Entry

ROOT = Path(__file__).parents[3]
LIMITS = IngestSettings()
LEAFLETS = ["qufu-sankong-leaflet", "taishan-trail-guide"]
BODIES = [
    "Mount Tai stands in the middle of Shandong and its main peak is 1532.7 metres high.",
    "The First Emperor went up the mountain to make offerings to heaven and left an inscription.",
    "Pilgrims climb more than six thousand steps from the Dai Temple to the Jade Emperor Peak.",
]


def make_pdf(
    pages: Sequence[Sequence[str]], password: str | None = None, owner: str = "o"
) -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    if password is not None:
        pdf.set_encryption(owner_password=owner, user_password=password)
    for lines in pages:
        pdf.add_page()
        for line in lines:
            pdf.cell(0, 8, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def fails(data: bytes, max_pages: int = 100) -> str:
    with pytest.raises(DocumentError) as caught:
        read_pdf(data, "a.pdf", IngestSettings(max_pages=max_pages))
    assert str(caught.value) == f"a.pdf: {caught.value.reason}"
    assert "\n" not in caught.value.reason
    return caught.value.reason


def read(data: bytes, name: str = "a.pdf") -> tuple[str, tuple[Block, ...]]:
    reading = assemble(read_pdf(data, name, LIMITS))
    return reading.text, reading.blocks


def passages_of(data: bytes) -> list[tuple[str, str]]:
    text, blocks = read(data)
    entry = Entry(id="a", title="a")
    document = Document(entry=entry, text=text, blocks=blocks, source="a.pdf", sha256="")
    return [(p.locator, p.text) for p in split(document, shortest=20, longest=300)]


def test_pages_are_locators_and_broken_lines_are_joined() -> None:
    data = make_pdf([wrapped(body, 40) for body in BODIES])
    assert passages_of(data) == [
        (f"第{number}页", body) for number, body in enumerate(BODIES, start=1)
    ]


def test_running_heads_and_page_numbers_go() -> None:
    pages = [
        ["A Guide to Mount Tai", *wrapped(body, 40), str(n)] for n, body in enumerate(BODIES, 1)
    ]
    text, _ = read(make_pdf(pages))
    assert text.split("\n") == [*BODIES, ""]


def test_a_sentence_over_the_page_end_belongs_to_where_it_began() -> None:
    first, second = (
        "The temple at the foot of the mountain",
        "is called the Dai Temple and it is old.",
    )
    data = make_pdf([[first], [second, *wrapped(BODIES[0], 40)]])
    assert [locator for locator, _ in passages_of(data)] == ["第1页", "第2页"]
    assert passages_of(data)[0][1].startswith(f"{first} {second}")


def test_short_lines_are_headings() -> None:
    data = make_pdf([["The Peak", *wrapped(BODIES[0], 40), "Offerings", *wrapped(BODIES[1], 40)]])
    assert passages_of(data) == [("第1页 · The Peak", BODIES[0]), ("第1页 · Offerings", BODIES[1])]


def two_columns(*, across: bool) -> tuple[bytes, list[str]]:
    """A page of a heading and two columns, and its lines as a person reads them."""
    left, right = wrapped(" ".join(BODIES), 38), wrapped(" ".join(reversed(BODIES)), 38)
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    pdf.text(35, 25, "A Guide to the Mountain in the Middle of Shandong, for Pilgrims")
    places = [
        (x, 40 + 6 * row, line)
        for x, side in ((15, left), (110, right))
        for row, line in enumerate(side)
    ]
    for x, y, line in sorted(places, key=lambda at: at[1]) if across else places:
        pdf.text(x, y, line)
    return bytes(pdf.output()), [*left, *right]


@pytest.mark.parametrize("across", [True, False])
def test_two_columns_are_read_one_after_the_other(across: bool) -> None:
    data, lines = two_columns(across=across)
    (text,) = read_pdf(data, "a.pdf", LIMITS).texts
    assert text is not None
    assert [line.strip() for line in text.split("\n")][1:] == lines


def test_a_table_is_read_row_by_row() -> None:
    rows = [("Temple of Confucius", "Qufu"), ("Dai Temple", "Tai'an"), ("Mount Lao", "Qingdao")] * 4
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    for number, (name, city) in enumerate(rows):
        pdf.text(15, 30 + 6 * number, name)
        pdf.text(110, 30 + 6 * number, city)
    (text,) = read_pdf(bytes(pdf.output()), "a.pdf", LIMITS).texts
    assert text is not None
    assert text.split("\n") == [" ".join(row) for row in rows]


def drawn(*, text: str = "", share: float = 0.0, outlines: int = 0) -> bytes:
    """A page of some text, a grey picture of a share of it, and outlines."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    pdf.add_page()
    if share:
        pdf.image(Pictures.new("L", (20, 30), 200), 0, 0, 210, 297 * share)
    for number in range(outlines):
        pdf.rect(10 + number % 20 * 9, 20 + number // 20 * 9, 6, 7)
    pdf.text(20, 285, text)
    return bytes(pdf.output())


@pytest.mark.parametrize(
    ("data", "ocr"),
    [
        (drawn(share=1), True),
        (drawn(share=0.2), True),
        (drawn(share=0.02), False),
        (drawn(outlines=100), True),
        (drawn(outlines=5), False),
        (drawn(text="- 12 -", share=1), True),
        (drawn(text="- 12 -", share=0.3), False),
        (drawn(text=BODIES[1][:80], share=1), False),
        (drawn(text="Grabmal des Konfuzius"), False),
    ],
)
def test_pages_that_show_more_than_they_say_are_left_to_ocr(data: bytes, ocr: bool) -> None:
    (text,) = read_pdf(data, "a.pdf", LIMITS).texts
    assert (text is None) == ocr


def test_an_illegible_page_is_left_to_ocr() -> None:
    shifted = "".join(chr(ord(char) + 70) for char in BODIES[0] + BODIES[1])
    data = make_pdf([wrapped(BODIES[0], 40), [shifted[:80], shifted[80:]], wrapped(BODIES[2], 40)])
    texts = read_pdf(data, "a.pdf", LIMITS).texts
    assert [text is None for text in texts] == [False, True, False]


def test_a_password_is_asked_for() -> None:
    assert "is encrypted" in fails(make_pdf([BODIES], password="secret"))


def test_only_an_owner_password_is_no_hindrance() -> None:
    text, _ = read(make_pdf([[BODIES[0]]], password=""))
    assert BODIES[0] in text


def test_ciphers_that_are_not_known_count_as_encrypted() -> None:
    zeros = {name: f"<{'00' * size}>" for name, size in
             {"O": 48, "U": 48, "OE": 32, "UE": 32, "Perms": 16}.items()}  # fmt: skip
    strings = " ".join(f"/{name} {value}" for name, value in zeros.items())
    lock = (
        f"/Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 /P -4 {strings} "
        "/CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >> "
        f"/StmF /StdCF /StrF /StdCF >> /ID [<{'00' * 16}> <{'00' * 16}>]"
    )
    data = make_pdf([BODIES])
    assert data.count(b"trailer\n<<") == 1
    assert "is encrypted" in fails(data.replace(b"trailer\n<<", b"trailer\n<<" + lock.encode()))


def test_too_many_pages() -> None:
    data = make_pdf([[body] for body in BODIES])
    assert "over 2 pages" in fails(data, max_pages=2)
    assert read_pdf(data, "a.pdf", IngestSettings(max_pages=3)).texts[0]


def test_blank_pages_are_not_left_to_ocr() -> None:
    assert read_pdf(make_pdf([[], []]), "a.pdf", LIMITS).texts == ("", "")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"%PDF-1.7", b"%PDF-1.7\n%%EOF\n", bytes(range(256)) * 9]
)
def test_garbage(data: bytes) -> None:
    assert "is not a whole PDF" in fails(data)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_truncated(share: float) -> None:
    data = make_pdf([wrapped(body, 40) for body in BODIES])
    try:
        pages = read_pdf(data[: int(len(data) * share)], "a.pdf", LIMITS).texts
    except DocumentError as error:
        assert "is not a whole PDF" in error.reason
    else:
        assert not any(page and page.strip() for page in pages)


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_damage_is_an_error_at_worst(seed: int, spots: int) -> None:
    chance = random.Random(seed)
    data = bytearray(PLAIN)
    for _ in range(spots):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        text, blocks = read(bytes(data))
    except DocumentError as error:
        assert error.source == "a.pdf"
    else:
        assert all(0 <= block.start < block.end <= len(text) for block in blocks)


PLAIN = make_pdf([wrapped(body, 40) for body in BODIES])


@pytest.mark.parametrize("name", LEAFLETS)
def test_the_leaflets_of_the_corpus(name: str) -> None:
    data = (ROOT / "corpus" / "documents" / f"{name}.pdf").read_bytes()
    text, blocks = read(data, name)
    pages = [block.place for block in blocks if block.place is not None]
    assert pages == sorted(pages)
    assert len(set(pages)) > 3
    assert all(block.headings for block in blocks[1:])
    assert "。" in text
    assert not any(line.strip("-—· ").isdigit() for line in text.split("\n"))
    title = text.split("\n")[0]
    assert sum(line.strip("《》") == title.strip("《》") for line in text.split("\n")) <= 1
    # Lines that the page broke in the middle are joined: what is left ends a sentence.
    long = [line for line in text.split("\n") if len(line) > 40]
    assert len(long) > 10
    assert all(line.rstrip("”』）)")[-1] in "。！？：；…" for line in long)
