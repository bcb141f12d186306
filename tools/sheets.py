"""The sheets that documents are drawn on: pages, running lines, text, tables, contents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fontTools.ttLib import TTCollection  # type: ignore[import-untyped, unused-ignore]
from fpdf import FPDF

CREATED = datetime(2026, 1, 1, tzinfo=UTC)  # fixed: the same text gives the same bytes
FACE = "WenQuanYi Micro Hei"  # in wqy-microhei.ttc of Debian's fonts-wqy-microhei
INK, ACCENT, GREY, TINT = (30, 30, 30), (122, 46, 30), (110, 110, 110), (238, 232, 226)
TITLE_PT, HEADING_PT, TABLE_PT, SMALL_PT = 19.0, 14.0, 9.5, 8.5
LEADING = 1.65 * 25.4 / 72  # line height in millimetres a point of type size
GUTTER = 9.0  # millimetres between two columns
# What must not be torn apart: a number, a source mark, a bracket and its neighbour.
UNIT = re.compile(r"[“‘（《]*(?:[A-Za-z0-9.]+|.)(?:\[s\d+\]|[，。、；：？！”’）》])*")
WORD = re.compile(r"\S+ *")


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a document looks.

    Attributes:
        size: width and height of the page in millimetres.
        columns: how many columns its text runs in.
        body_pt: type size of its text.
        lang: language of its text, zh-CN or en.
        contents: whether its contents stand before the first heading, and each heading
            begins a page.
    """

    size: tuple[float, float] = (148, 210)
    columns: int = 1
    body_pt: float = 11.0
    lang: str = "zh-CN"
    contents: bool = False


def face_number(font: Path) -> int:
    """Returns the index of the face in a font collection with TrueType outlines.

    Raises:
        SystemExit: There is none. (With CFF outlines pypdf misreads the text.)
    """
    with TTCollection(str(font), lazy=True) as collection:
        for number, face in enumerate(collection.fonts):
            if face["name"].getDebugName(4) == FACE and "glyf" in face:
                return number
    raise SystemExit(f"{font}: no TrueType face named {FACE!r}")


def sign(pdf: FPDF, title: str, lang: str) -> None:
    """Writes the metadata that every document carries."""
    pdf.set_title(title)
    pdf.set_author("qilu_rag contributors")
    pdf.set_lang(lang)
    pdf.set_creation_date(CREATED)


class Sheet(FPDF):
    """Pages with a running header and page numbers; text runs from column to column."""

    def __init__(self, title: str, font: Path, style: Style) -> None:
        """Sets up the page, the font and the metadata."""
        super().__init__(format=style.size)
        self.style, self.column, self.top = style, 0, 23.0
        self.english = style.lang == "en"
        self.add_font("cjk", fname=font, collection_font_number=face_number(font))
        self.set_margins(18, self.top)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=20)
        sign(self, title, style.lang)

    def header(self) -> None:
        """Draws the running header: the title above a rule."""
        self.use(SMALL_PT, GREY)
        self.set_y(11)
        self.cell(0, 5, str(self.title) if self.english else f"《{self.title}》", align="C")
        self.line(self.l_margin, 17.5, self.w - self.r_margin, 17.5)
        self.top = self.t_margin
        self.set_y(self.top)

    def footer(self) -> None:
        """Draws the page number."""
        self.use(SMALL_PT, GREY)
        self.set_y(-15)
        page = self.page_no()
        self.cell(0, 5, f"Page {page}" if self.english else f"第 {page} 页", align="C")

    def use(self, size: float, colour: tuple[int, int, int]) -> None:
        """Sets the type size and the colour of text and rules."""
        self.set_font("cjk", size=size)
        self.set_text_color(*colour)
        self.set_draw_color(*colour)

    @property
    def measure(self) -> float:
        """The width of a column."""
        gutters = (self.style.columns - 1) * GUTTER
        return (float(self.epw) - gutters) / self.style.columns

    @property
    def left(self) -> float:
        """Where the column begins."""
        return float(self.l_margin) + self.column * (self.measure + GUTTER)

    def need(self, height: float) -> bool:
        """Goes on in the next column or on a new page unless the height is left here."""
        if not self.will_page_break(height):
            return False
        self.column = (self.column + 1) % self.style.columns
        if self.column:
            self.set_y(self.top)
        else:
            self.add_page()
        return True

    def masthead(self) -> None:
        """Draws the title across the page; the columns begin below it."""
        self.heading(str(self.title) if self.english else f"《{self.title}》", TITLE_PT)
        self.top = self.get_y()

    def heading(self, text: str, size: float = HEADING_PT) -> None:
        """Draws a heading, in the next column or page unless two lines fit under it."""
        moved = self.need(3 + (size + 2 * self.style.body_pt) * LEADING)
        if not moved and self.get_y() > self.top:
            self.ln(3)
        self.use(size, ACCENT)
        self.set_x(self.left)
        self.cell(0, size * LEADING, text, new_x="LMARGIN", new_y="NEXT")

    def paragraph(self, text: str) -> None:
        """Draws a paragraph: Chinese by the rules of its typesetting, English by words."""
        self.use(self.style.body_pt, INK)
        height = self.style.body_pt * LEADING
        units = (WORD if self.english else UNIT).findall(text)
        indent, line = 0.0 if self.english else 2 * self.font_size, ""
        for unit in [*units, ""]:  # the empty unit ends the last line
            full = self.get_string_width((line + unit).rstrip()) > self.measure - indent
            if not unit or full:
                self.need(height)
                self.set_x(self.left + indent)
                self.cell(0, height, line.rstrip(), new_x="LMARGIN", new_y="NEXT")
                indent, line = 0.0, ""
            line += unit
        self.ln(1.5)

    def grid(self, rows: Sequence[Sequence[str]], shares: Sequence[float]) -> None:
        """Draws a ruled table; the first row is its header, said again on each page.

        Raises:
            SystemExit: A cell is too narrow for its text.
        """
        height = TABLE_PT * LEADING * 1.25
        self.row(rows[0], shares, height, head=True)
        for row in rows[1:]:
            if self.need(height):
                self.row(rows[0], shares, height, head=True)
            self.row(row, shares, height)
        self.ln(3)

    def row(
        self, cells: Sequence[str], shares: Sequence[float], height: float, head: bool = False
    ) -> None:
        """Draws one row of a table."""
        self.use(TABLE_PT, ACCENT if head else INK)
        self.set_fill_color(*TINT)
        self.c_margin = 1.5
        for text, share in zip(cells, shares, strict=True):
            width = share * self.measure
            if self.get_string_width(text) > width - 3:
                raise SystemExit(f"{text}: too long for its cell")
            self.cell(width, height, text, border=1, fill=head)
        self.c_margin = 0
        self.ln(height)

    def contents(self, headings: Sequence[str]) -> None:
        """Draws the contents; each heading has a page of its own, the first is page 2."""
        self.heading("目录")
        self.use(SMALL_PT, INK)
        self.set_draw_color(*TINT)
        for page, heading in enumerate(headings, start=2):
            self.cell(self.measure - 10, 4.2, heading, border="B")
            self.cell(10, 4.2, str(page), border="B", align="R", new_x="LMARGIN", new_y="NEXT")
