"""The words of the trade: every value that travels through the system.

    file ─load→ Document ─split→ Passage ─embed→ snapshot
    question ─understand→ Query ─search→ [Hit] ─write→ Draft ─check→ Draft ─screen→ Reply

Each has one maker (see docs/architecture.md); those read from files refuse unknown keys.
"""

from qilu_rag.types._answer import (
    Action,
    Citation,
    Draft,
    Finding,
    Level,
    Reply,
    Sentence,
    Stage,
    Status,
    Timing,
    Verdict,
)
from qilu_rag.types._corpus import (
    CATEGORY_NAMES,
    Block,
    Category,
    Designation,
    Document,
    Entry,
    Era,
    Kind,
    Origin,
    Passage,
    Place,
    Relation,
    RelationType,
    Review,
    ReviewState,
    Source,
)
from qilu_rag.types._search import (
    Ambiguity,
    Filters,
    Hit,
    Language,
    Located,
    PlaceAsked,
    Query,
    QuotationSearch,
    Via,
)

__all__ = [
    "CATEGORY_NAMES",
    "Action",
    "Ambiguity",
    "Block",
    "Category",
    "Citation",
    "Designation",
    "Document",
    "Draft",
    "Entry",
    "Era",
    "Filters",
    "Finding",
    "Hit",
    "Kind",
    "Language",
    "Level",
    "Located",
    "Origin",
    "Passage",
    "Place",
    "PlaceAsked",
    "Query",
    "QuotationSearch",
    "Relation",
    "RelationType",
    "Reply",
    "Review",
    "ReviewState",
    "Sentence",
    "Source",
    "Stage",
    "Status",
    "Timing",
    "Verdict",
    "Via",
]
