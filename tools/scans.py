"""Pages that look scanned: typeset text as a slightly crooked, grainy picture."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

from tools.sheets import UNIT, face_number, sign

DPI, SEED = 200, 19470513
WIDTH, HEIGHT, MARGIN = 148, 210, 19  # millimetres, A5
TITLE_PT, HEADING_PT, BODY_PT, LEADING = 18, 14, 12, 1.65
PAPER, INK, GRAIN, TURN, QUALITY = 238, 40, 5.0, 0.6, 70


def dots(millimetres: float) -> int:
    """Turns a length into picture elements."""
    return round(millimetres * DPI / 25.4)


class Scan:
    """Sets text line by line on pictures of pages."""

    def __init__(self, font: Path) -> None:
        """Opens the font and the first page."""
        self.font, self.index = font, face_number(font)
        self.pages: list[Image.Image] = []
        self.turn_page()

    def turn_page(self) -> None:
        """Begins a new page."""
        self.pages.append(Image.new("L", (dots(WIDTH), dots(HEIGHT)), PAPER))
        self.y = dots(MARGIN)

    def set_text(self, text: str, points: float, indent: int = 0, centre: bool = False) -> None:
        """Sets a paragraph, broken by the rules of Chinese typesetting."""
        size = round(points * DPI / 72)
        face = ImageFont.truetype(str(self.font), size, index=self.index)
        left, measure = dots(MARGIN), dots(WIDTH - 2 * MARGIN)
        first, line = left + indent * size, ""
        for unit in [*UNIT.findall(text), ""]:  # the empty unit ends the last line
            if not unit or face.getlength(line + unit) > left + measure - first:
                if self.y + size * LEADING > dots(HEIGHT - MARGIN):
                    self.turn_page()
                at = (dots(WIDTH) - face.getlength(line)) / 2 if centre else first
                ImageDraw.Draw(self.pages[-1]).text((at, self.y), line, fill=INK, font=face)
                self.y += round(size * LEADING)
                first, line = left, ""
            line += unit

    def pictures(self) -> Iterator[bytes]:
        """Yields the pages as JPEG files, turned a little and with the grain of paper."""
        chance = np.random.default_rng(SEED)
        for page in self.pages:
            turned = page.rotate(TURN, Image.Resampling.BICUBIC, fillcolor=PAPER)
            grainy = np.asarray(turned, dtype=np.float64)
            grainy = grainy + chance.normal(0, GRAIN, grainy.shape)
            picture = Image.fromarray(np.clip(grainy, 0, 255).astype(np.uint8))
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=QUALITY, dpi=(DPI, DPI))
            yield file.getvalue()


def draw_scan(title: str, blocks: list[str], font: Path) -> FPDF:
    """Draws a document as pictures of its pages, without a text layer."""
    scan = Scan(font)
    scan.set_text(title, TITLE_PT, centre=True)
    for block in blocks:
        scan.y += dots(2)
        if block.startswith("## "):
            scan.set_text(block.removeprefix("## "), HEADING_PT)
        else:
            scan.set_text(block, BODY_PT, indent=2)
    pdf = FPDF(format=(WIDTH, HEIGHT))
    sign(pdf, title, "zh-CN")
    for picture in scan.pictures():
        pdf.add_page()
        pdf.image(io.BytesIO(picture), x=0, y=0, w=WIDTH, h=HEIGHT)
    return pdf
