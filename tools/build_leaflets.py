"""Draws the PDF documents of the corpus from their text in tools/leaflets.

Run it from the root of the repository: `python -m tools.build_leaflets --font FILE`.
"""

import argparse
from pathlib import Path

import yaml
from fpdf import FPDF

from tools.scans import draw_scan
from tools.sheets import Sheet, Style

TEXTS = Path(__file__).resolve().parent / "leaflets"
TARGET = TEXTS.parents[1] / "corpus" / "documents"
A4 = (210, 297)
STYLES = {
    "linqing-canal-gazetteer": Style(size=A4, columns=2, body_pt=12.5),
    "shandong-heritage-table": Style(size=A4),
    "shandong-visitor-brochure": Style(body_pt=8.8, lang="en"),
    "qilu-culture-booklet": Style(body_pt=12.5, contents=True),
}
SCANS = {"yimeng-scan"}
SHARES = (0.06, 0.288, 0.307, 0.16, 0.185)  # of the width, for the columns of a table


def cells(line: str) -> list[str]:
    """Returns the cells of a row of a Markdown table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def draw(title: str, blocks: list[str], font: Path, style: Style) -> FPDF:
    """Draws a document of headings, paragraphs and tables.

    Raises:
        SystemExit: A heading should have a page of its own but its text runs over.
    """
    sheet = Sheet(title, font, style)
    sheet.add_page()
    sheet.masthead()
    headings = [block.removeprefix("## ") for block in blocks if block.startswith("## ")]
    for block in blocks:
        if block.startswith("## "):
            if style.contents and sheet.page_no() == 1:
                sheet.contents(headings)
            if style.contents:
                sheet.add_page()
            sheet.heading(block.removeprefix("## "))
        elif block.startswith("|"):
            head, _, *rows = block.splitlines()
            sheet.grid([cells(row) for row in [head, *rows]], SHARES)
        else:
            sheet.paragraph(block)
    if style.contents and sheet.page_no() != len(headings) + 1:
        raise SystemExit(f"{title}: {sheet.page_no()} pages for {len(headings)} headings")
    return sheet


def build(source: Path, font: Path, out: Path) -> None:
    """Draws one document; its title stands in the YAML file beside the PDF."""
    name = source.stem
    card = yaml.safe_load((TARGET / f"{name}.yaml").read_text("utf-8"))
    style = STYLES.get(name, Style())
    title = card["title_en" if style.lang == "en" else "title"]
    blocks = source.read_text("utf-8").strip().split("\n\n")
    scanned = name in SCANS
    pdf = draw_scan(title, blocks, font) if scanned else draw(title, blocks, font, style)
    target = out / f"{name}.pdf"
    pdf.output(str(target))
    print(f"{target}: {pdf.page_no()} pages, {target.stat().st_size // 1024} KB")


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
