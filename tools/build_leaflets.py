"""Draws the PDF documents of the corpus from their text in tools/leaflets."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

import yaml
from fontTools.ttLib import TTCollection  # type: ignore[import-untyped, unused-ignore]
from fpdf import FPDF

TEXTS = Path(__file__).resolve().parent / "leaflets"
TARGET = TEXTS.parents[1] / "corpus" / "documents"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)  # fixed: the same text gives the same bytes
FACE = "WenQuanYi Micro Hei"  # in wqy-microhei.ttc of Debian's fonts-wqy-microhei
INK, ACCENT, GREY = (30, 30, 30), (122, 46, 30), (110, 110, 110)
TITLE_PT, HEADING_PT, BODY_PT, SMALL_PT = 19.0, 14.0, 11.0, 8.5
LEADING = 1.65 * 25.4 / 72  # line height in millimetres a point of type size
# What must not be torn apart: a number, a source mark, a bracket and its neighbour.
UNIT = re.compile(r"[“‘（《]*(?:[A-Za-z0-9.]+|.)(?:\[s\d+\]|[，。、；：？！”’）》])*")


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


class Booklet(FPDF):
    """An A5 booklet with a running header and numbered pages."""

    def __init__(self, title: str, font: Path) -> None:
        """Sets up the page, the font and the metadata."""
        super().__init__(format=(148, 210))
        self.add_font("cjk", fname=font, collection_font_number=face_number(font))
        self.set_margins(18, 23)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=20)
        self.set_title(title)
        self.set_author("qilu_rag contributors")
        self.set_lang("zh-CN")
        self.set_creation_date(CREATED)

    def header(self) -> None:
        """Draws the running header: the title above a rule."""
        self.use(SMALL_PT, GREY)
        self.set_y(11)
        self.cell(0, 5, f"《{self.title}》", align="C")
        self.line(self.l_margin, 17.5, self.w - self.r_margin, 17.5)
        self.set_y(self.t_margin)

    def footer(self) -> None:
        """Draws the page number."""
        self.use(SMALL_PT, GREY)
        self.set_y(-15)
        self.cell(0, 5, f"第 {self.page_no()} 页", align="C")

    def use(self, size: float, colour: tuple[int, int, int]) -> None:
        """Sets the type size and the colour of text and rules."""
        self.set_font("cjk", size=size)
        self.set_text_color(*colour)
        self.set_draw_color(*colour)

    def heading(self, text: str, size: float = HEADING_PT) -> None:
        """Draws a heading, on a new page unless two lines fit under it."""
        if self.will_page_break(3 + (size + 2 * BODY_PT) * LEADING):
            self.add_page()
        elif self.get_y() > self.t_margin:
            self.ln(3)
        self.use(size, ACCENT)
        self.cell(0, size * LEADING, text, new_x="LMARGIN", new_y="NEXT")

    def paragraph(self, text: str) -> None:
        """Draws a paragraph, broken by the rules of Chinese typesetting."""
        self.use(BODY_PT, INK)
        indent, line = 2 * self.font_size, ""
        for unit in [*UNIT.findall(text), ""]:  # the empty unit ends the last line
            if not unit or self.get_string_width(line + unit) > self.epw - indent:
                self.set_x(self.l_margin + indent)
                self.cell(0, BODY_PT * LEADING, line, new_x="LMARGIN", new_y="NEXT")
                indent, line = 0.0, ""
            line += unit
        self.ln(1.5)


def build(source: Path, font: Path, out: Path) -> None:
    """Draws one document; its title stands in the YAML file beside the PDF."""
    title = yaml.safe_load((TARGET / f"{source.stem}.yaml").read_text("utf-8"))["title"]
    booklet = Booklet(title, font)
    booklet.add_page()
    booklet.heading(f"《{title}》", TITLE_PT)
    for block in source.read_text("utf-8").strip().split("\n\n"):
        if block.startswith("## "):
            booklet.heading(block.removeprefix("## "))
        else:
            booklet.paragraph(block)
    target = out / f"{source.stem}.pdf"
    booklet.output(str(target))
    print(f"{target}: {booklet.page_no()} pages, {target.stat().st_size // 1024} KB")


def main() -> None:
    """Builds every document."""
    parser = argparse.ArgumentParser(description="Draws the PDF documents.")
    parser.add_argument("--font", type=Path, required=True, help="wqy-microhei.ttc")
    parser.add_argument("--out", type=Path, default=TARGET, help="folder for the PDFs")
    args = parser.parse_args()
    for source in sorted(TEXTS.glob("*.md")):
        build(source, args.font, args.out)


if __name__ == "__main__":
    main()
