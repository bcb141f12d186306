"""Statistics: counts that add up, as a table, as JSON and as a figure."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console

from qilu_rag.curate.files import read_corpus
from qilu_rag.curate.stats import corpus_stats


def test_counts(corpus: Path) -> None:
    files, _ = read_corpus(corpus)
    stats = corpus_stats(files)
    assert (stats.entries, stats.relations) == (4, 12)
    assert stats.by_category == {"figures": 2, "classics": 1, "heritage": 1}
    for rows in (stats.by_city, stats.by_era, stats.by_state):
        assert sum(row.total for row in rows) == 4
    by_city = {row.name: row.counts for row in stats.by_city}
    assert by_city["济宁"] == {"figures": 1, "heritage": 1}
    assert {row.name: row.total for row in stats.by_era}["先秦"] == 2
    assert {row.name: row.total for row in stats.by_state}["草稿"] == 4
    assert json.loads(json.dumps(stats.as_json()))["city"]["济宁"]["heritage"] == 1


def test_the_table_and_the_figure_say_the_same(corpus: Path) -> None:
    files, _ = read_corpus(corpus)
    stats = corpus_stats(files)
    console = Console(record=True, width=120)
    console.print(stats.as_table())
    table = console.export_text()
    assert "济宁" in table
    assert "4 条目" in table
    svg = ET.fromstring(stats.as_svg())
    texts = ["".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"济宁", "先秦", "草稿", "历史名人 2", "4"} <= set(texts)


def test_an_empty_corpus(tmp_path: Path) -> None:
    files, findings = read_corpus(tmp_path)
    assert findings == []
    assert corpus_stats(files).entries == 0
    ET.fromstring(corpus_stats(files).as_svg())
