"""Plain values of what may be shown: the JSON forms of the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from qilu_rag.types import (
    CATEGORY_NAMES,
    Ambiguity,
    Entry,
    Found,
    Hit,
    Language,
    QuotationSearch,
    Reply,
    Verdict,
)


def print_json(value: dict[str, Any]) -> None:
    """Prints a value as one line of JSON, Chinese as it is."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as `qilu search --json` prints it."""
    return {
        "entry_id": hit.entry.id,
        "passage_id": hit.passage.id,
        "source": hit.passage.source,
        "title": hit.entry.title,
        "locator": hit.passage.locator,
        "text": hit.passage.text,
        "score": hit.score,
        "via": list(hit.via),
    }


def ambiguity_line(ambiguity: Ambiguity, language: Language = "zh") -> str:
    """Tells what a name may mean, each entry with its kind, place and time."""
    meant = "；".join(_apart(entry, language) for entry in ambiguity.entries)
    if language == "en":
        return f"“{ambiguity.name}” may mean: {meant}"
    return f"“{ambiguity.name}”可以指：{meant}"


def _apart(entry: Entry, language: Language) -> str:
    """An entry with what tells it from its namesakes: 济南府学文庙（文化遗产，济南历下，北宋）."""
    where = "".join(filter(None, (entry.place.city, entry.place.county))) if entry.place else ""
    category = CATEGORY_NAMES[entry.category][language == "en"] if entry.category else ""
    told = "，".join(filter(None, (category, where, entry.era.text if entry.era else "")))
    return f"{entry.title}（{told}）" if told else entry.title


def found_json(query: str, found: Found, ms: float) -> dict[str, Any]:
    """What `qilu search --json` prints; `total` and `facets` where they were asked for."""
    value: dict[str, Any] = {"query": query, "hits": [hit_json(hit) for hit in found.hits]}
    if found.total is not None:
        value["total"] = found.total
    if found.facets:
        value["facets"] = found.facets
    return {**value, "ms": round(ms, 1)}


def located_json(quotation: str, search: QuotationSearch) -> dict[str, Any]:
    """What `qilu locate --json` prints; `exact` says whether any place holds its letters."""
    return {
        "quotation": quotation,
        "searched": [entry.title for entry in search.works],
        "exact": any(place.exact for place in search.found),
        "found": [
            {
                "entry_id": place.entry.id,
                "title": place.entry.title,
                "locator": place.locator,
                "passage_ids": [passage.id for passage in place.passages],
                "text": place.text,
                "likeness": place.likeness,
            }
            for place in search.found
        ],
    }


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as `qilu ask --json` prints it; times in milliseconds."""
    return {
        "question": reply.question,
        "answer": reply.answer,
        "status": reply.status,
        "citations": [
            {
                "n": citation.n,
                "entry_id": citation.hit.entry.id,
                "passage_id": citation.hit.passage.id,
                "locator": citation.hit.passage.locator,
                "quote": citation.quote,
            }
            for citation in reply.citations
        ],
        "label": reply.label,
        "ms": {name: round(value, 1) for name, value in asdict(reply.ms).items()},
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `qilu moderate --json` prints it."""
    return {
        "action": verdict.action,
        "text": verdict.text,
        "findings": [asdict(finding) for finding in verdict.findings],
    }
