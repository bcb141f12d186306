"""Columns: lines of a page that stand in two columns are read column by column."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from qilu_rag.ports import TextLine

_SLICES = 200
_CENTRE = (0.3, 0.7)
_STRAY = 0.15
_FEWEST_ROWS = 4
_SHARED = 0.4
_FULL, _FULL_ROWS = 0.7, 0.6
_LIKE = 0.6


def in_columns(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Parts the lines of a page into groups that are read one after the other.

    A line that runs over the gutter, such as a heading, stands between what is above and
    what is below it; in between, the left column comes before the right one.

    Returns:
        The groups, none empty, each in no order; one group where there is no gutter.
    """
    gutter = find_gutter(lines)
    if gutter is None:
        return [list(lines)] if lines else []
    groups: list[list[TextLine]] = [[], [], []]
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        side = side_of(line, gutter)
        if side == 0 and (groups[-2] or groups[-1]):
            groups += [[], [], []]
        groups[{0: -3, -1: -2, 1: -1}[side]].append(line)
    return [group for group in groups if group]


def side_of(line: TextLine, gutter: tuple[float, float]) -> int:
    """-1 for a line left of a gutter, 1 for one right of it, 0 for one over or inside it."""
    begins_left, ends_right = line.left < gutter[0], line.right > gutter[1]
    return ends_right - begins_left


def find_gutter(lines: Sequence[TextLine]) -> tuple[float, float] | None:
    """The white band between two columns of running text: its left and its right edge.

    Columns of a table are told from columns of text by their rows, which don't fill them.
    """
    band = _white_band(lines) if lines else None
    if band is None:
        return None
    sides = [[x for x in lines if side_of(x, band) == side] for side in (-1, 1)]
    if not all(map(_is_running_text, sides)):
        return None
    (top, bottom), (other_top, other_bottom) = map(_extent, sides)
    first, last = _extent(lines)
    if min(bottom, other_bottom) - max(top, other_top) < _SHARED * (last - first):
        return None
    widths = [max(x.right for x in side) - min(x.left for x in side) for side in sides]
    return band if min(widths) >= _LIKE * max(widths) else None


def rows_of(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines from top to bottom; those that stand side by side make a row, left to right."""
    height = median(line.bottom - line.top for line in lines) if lines else 0.0
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        last = rows[-1][-1] if rows else None
        if last and abs((line.top + line.bottom) - (last.top + last.bottom)) < height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _white_band(lines: Sequence[TextLine]) -> tuple[float, float] | None:
    """The widest band about the middle of a page that few lines run over."""
    left, right = min(x.left for x in lines), max(x.right for x in lines)
    height = median(x.bottom - x.top for x in lines)
    width = right - left
    if width <= 0:
        return None
    covered = [0] * (_SLICES + 1)
    for line in lines:
        covered[int((line.left - left) / width * _SLICES)] += 1
        covered[min(_SLICES, int((line.right - left) / width * _SLICES) + 1)] -= 1
    best, begun, count = (0, 0), None, 0
    for at in range(_SLICES + 1):
        count += covered[at]
        if count <= _STRAY * len(lines) and at < _SLICES:
            begun = at if begun is None else begun
            continue
        if begun is not None and _central(begun, at) and at - begun > best[1] - best[0]:
            best = (begun, at)
        begun = None
    step = width / _SLICES
    if (best[1] - best[0]) * step < height:
        return None
    return left + best[0] * step, left + best[1] * step


def _central(begin: int, end: int) -> bool:
    return _CENTRE[0] * _SLICES <= (begin + end) / 2 <= _CENTRE[1] * _SLICES


def _is_running_text(side: Sequence[TextLine]) -> bool:
    rows = rows_of(side)
    if len(rows) < _FEWEST_ROWS:
        return False
    width = max(x.right for x in side) - min(x.left for x in side)
    full = sum(sum(x.right - x.left for x in row) >= _FULL * width for row in rows)
    return full >= _FULL_ROWS * len(rows)


def _extent(lines: Sequence[TextLine]) -> tuple[float, float]:
    return min(x.top for x in lines), max(x.bottom for x in lines)
