"""Where a saying stands, in words: the answer to a question for its place.

The program looked and the program tells; no language model has a say. What is set in
quotation marks is the source's own text.
"""

from __future__ import annotations

import re

from qilu_rag.types import Located, PlaceAsked

_BARE = re.compile("[《》]|原文$")
_AT_MOST = 3
_SHORT = 120
"""Characters up to which the passage around a near place is told whole."""


def told(place: PlaceAsked) -> list[tuple[str, int | None]]:
    """The sentences that tell what was found.

    Returns:
        Each sentence, and the index in `place.hits` of the passage that carries it; None
        for one that tells of nothing found.
    """
    exact = [n for n, found in enumerate(place.found) if found.exact][:_AT_MOST]
    if exact:
        return [
            (f"{_words(place.found[n])}{'又' if n else ''}见于{place.found[n].locator}。", n)
            for n in exact
        ]
    where = f"《{_BARE.sub('', place.work.title)}》" if place.work else "所收的原典"
    lines: list[tuple[str, int | None]] = [(f"{where}里没有“{place.saying}”这句话。", None)]
    first = len(place.found)
    lines += [
        (f"它见于{found.locator}：{_words(found)}。", first + n)
        for n, found in enumerate(place.elsewhere[:_AT_MOST])
    ]
    if place.found:
        near = place.found[0]
        lines.append((f"字句最接近的是{near.locator}：{_around(near)}", 0))
    elif not place.elsewhere and place.hits:
        hit = place.hits[0]
        lines.append((f"检索到最接近的一段是{hit.passage.locator}：{hit.passage.text}", 0))
    return lines


def _words(place: Located) -> str:
    """The source's own words in quotation marks."""
    return f"“{place.text}”"


def _around(place: Located) -> str:
    """The passage of a near place, whose bounds are no sentence's; its words if it is long."""
    whole = place.passages[0].text
    return whole if len(place.passages) == 1 and len(whole) <= _SHORT else f"{_words(place)}。"
