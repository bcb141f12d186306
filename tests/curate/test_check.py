"""Every rule of the check fires on the mistake that it is for, at its line, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qilu_rag.curate.check import check_corpus
from qilu_rag.curate.findings import Finding
from qilu_rag.errors import CorpusError

Findings = Callable[[], list[Finding]]
Edit = Callable[[str, str, str], None]

KONGZI, YANHUI, LUNYU, MIAO = (
    "figures/kongzi.md",
    "figures/yanhui.md",
    "classics/lunyu-book.md",
    "heritage/miao.md",
)


def test_a_sound_corpus_has_no_findings(findings: Findings) -> None:
    assert findings() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "rule", "says"),
    [
        (KONGZI, "licence: CC-BY-4.0\n", "licence: CC-BY-4.0\nmood: good\n", "schema", "mood"),
        (KONGZI, "kind: person\n", "kind: hero\n", "schema", "kind"),
        (KONGZI, "title: 孔子\n", "title: [孔子\n", "schema", "YAML"),
        (KONGZI, "title_en: Confucius\n", "", "schema", "title_en is missing"),
        (KONGZI, "id: kongzi\n", "id: kong-zi\n", "id", "kong-zi"),
        (KONGZI, "category: figures", "category: red", "category", "red"),
        (KONGZI, "创立者[s1]", "创立者", "sources", "s1 carries no claim"),
        (KONGZI, "创立者[s1]", "创立者[s1][s7]", "sources", "[s7] has no source"),
        (KONGZI, "\n## 思想\n", "", "sections", "2 sections"),
        (KONGZI, "## 思想", "## 生平", "sections", "生平 is there twice"),
        (KONGZI, "to: miao", "to: temple", "relations", "points at no entry"),
        (KONGZI, "to: miao", "to: kongzi", "relations", "to the entry itself"),
        (KONGZI, "to: miao", "to: yanhui", "relations", "is the second"),
        (MIAO, "dedicated_to", "student_of", "relations", "can't lead from a site"),
        (YANHUI, "to: lunyu-book", "to: lunyu-book}\n  - {type: parent_of, to: miao", "relations", "can't lead to a site"),
        (KONGZI, "contemporary_of", "student_of", "relations", "the other way round"),
        (YANHUI, "from: -521, to: -481", "from: 521, to: 581", "relations", "did not live at the same time"),
        (KONGZI, "aliases: [仲尼]", "aliases: [论语]", "names", "also means lunyu-book"),
        (KONGZI, "aliases: [仲尼]", "aliases: [仲尼, 仲尼]", "names", "twice"),
        (KONGZI, "city: 济宁", "city: 苏州", "place", "not a city of Shandong"),
        (KONGZI, "lon: 116.99", "lon: 119.99", "place", "outside 济宁"),
        (KONGZI, "lon: 116.99, ", "", "place", "come together"),
        (KONGZI, "from: -551", "from: -552", "era", "公元前552年"),
        (KONGZI, "from: -551, to: -479", "from: -479, to: -551", "era", "from lies behind to"),
        (KONGZI, "周游列国十四年", "鲁哀公十六年（前480年）去世", "reign", "鲁哀公十六年（前480年 would be -479"),
        (KONGZI, "周游列国十四年", "万历三十年（1603），周游列国", "reign", "would be 1602"),
        (MIAO, "year: 1961", "year: 1988", "designations", "of 1961, not 1988"),
        (MIAO, "第一批全国", "第三批全国", "designations", "batch 3"),
        (MIAO, "1961年列入第一批", "1982年列入第一批", "designations", "another year"),
        (LUNYU, "《论语》是记录孔子和", "孔子（前551—前478）和", "facts", "-478 (death) of kongzi"),
        (LUNYU, "宋代以后", "颜回生于公元前520年，宋代以后", "facts", "-520 (birth) of yanhui"),
        (KONGZI, "周游列国", "编成《论语》21篇，周游列国", "facts", "21篇 (extent) of lunyu-book"),
        (KONGZI, "不亦说乎”", "不亦悦乎”", "quotes", "does not stand in 《论语》"),
        (KONGZI, "学而时习之，不亦说乎", "学而时习之不亦说乎", "quotes", "punctuated otherwise"),
        (KONGZI, "（《论语·学而》1.1）", "（《论语·学而》1.11）", "quotes", "it stands at 《论语·学而》1.1"),
        (YANHUI, "颜回住在陋巷里，一直不改读书的快乐。", "相传孔子有弟子三千人，其中贤者共七十二人。", "repeats", "nearly the same"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(
    findings: Findings, edit: Edit, name: str, old: str, new: str, rule: str, says: str
) -> None:
    edit(name, old, new)
    found = [finding for finding in findings() if finding.rule == rule]
    assert any(says in finding.message for finding in found), findings()
    assert all(finding.line >= 1 for finding in found)


def test_a_finding_stands_at_its_line(findings: Findings, edit: Edit, corpus: Path) -> None:
    edit(KONGZI, "不亦说乎”", "不亦悦乎”")
    (finding,) = findings()
    assert finding.path == corpus / KONGZI
    assert "不亦悦乎" in finding.path.read_text("utf-8").split("\n")[finding.line - 1]
    assert str(finding).startswith(f"{finding.path}:{finding.line}: quotes: ")


@pytest.mark.parametrize(
    "quote",
    [
        "“民为贵，社稷次之，君为轻”（《孟子·尽心下》14.14）",
        "“民为贵……君为轻”（《孟子·尽心下》）",
        "“父在，观其志”（《论语·学而》1.11）",
        "“路漫漫其修远兮”（《离骚》）",
    ],
)
def test_right_quotations_pass(findings: Findings, edit: Edit, quote: str) -> None:
    edit(YANHUI, "曲阜有祭祀颜回的颜庙。", f"颜回读过{quote}。")
    assert findings() == []


def test_a_stated_dispute_allows_both_values(findings: Findings, edit: Edit) -> None:
    edit(KONGZI, "周游列国十四年。", "周游列国十四年。一说孔子生于公元前552年。")
    edit(LUNYU, "宋代以后", "孔子生于公元前552年的说法出自《公羊传》，宋代以后")
    assert findings() == []


def test_names_on_the_disambiguation_list_are_allowed(
    findings: Findings, edit: Edit, corpus: Path
) -> None:
    edit(KONGZI, "aliases: [仲尼]", "aliases: [复圣]")
    edit(YANHUI, "kind: person\n", "kind: person\naliases: [复圣]\n")
    assert [finding.rule for finding in findings()] == ["names", "names"]
    lines = "复圣: {entries: [kongzi, yanhui], why: 试验}\n夫子: {entries: [kongzi, yanhui]}\n"
    (corpus / "disambiguation.yaml").write_text(lines, "utf-8")
    (dead,) = findings()
    assert "夫子 is no longer" in dead.message


def test_required_entries(findings: Findings, corpus: Path) -> None:
    (corpus / "required.yaml").write_text("figures:\n- kongzi\n- mengzi\n", "utf-8")
    (missing,) = findings()
    assert (missing.rule, missing.line) == ("coverage", 3)
    assert "figures/mengzi" in missing.message


def test_what_cannot_be_checked_is_said(corpus: Path, originals: Path, tmp_path: Path) -> None:
    assert check_corpus(corpus, tmp_path / "nothing").originals == 0
    with pytest.raises(CorpusError, match="not a folder"):
        check_corpus(tmp_path / "nothing", originals)
    (corpus / "required.yaml").write_text("figures: 7\n", "utf-8")
    with pytest.raises(CorpusError, match=r"required\.yaml"):
        check_corpus(corpus, originals)
    (corpus / "required.yaml").unlink()
    (corpus / "disambiguation.yaml").write_text("复圣: [kongzi]\n", "utf-8")
    with pytest.raises(CorpusError, match=r"disambiguation\.yaml"):
        check_corpus(corpus, originals)


def test_too_few_relations(findings: Findings, edit: Edit) -> None:
    edit(KONGZI, "  - {type: related_to, to: miao}\n", "")
    (finding,) = findings()
    assert "2.75 relations an entry" in finding.message


def test_hostile_files_are_findings_never_failures(findings: Findings, corpus: Path) -> None:
    folder = corpus / "figures"
    (folder / "bytes.md").write_bytes(b"\xff\xfe\x00bad")
    (folder / "empty.md").write_text("---\nid: empty\ntitle: E\n---\n", "utf-8")
    (folder / "zero.md").write_text("---\nid: zero\ntitle: Z\nera: {from: 0}\n---\n文。\n", "utf-8")
    nowhere = "---\nid: nan\ntitle: N\nplace: {city: 济宁, lon: .nan, lat: 999}\n---\n文（前—后）“（《”。\n"
    (folder / "nan.md").write_text(nowhere, "utf-8")
    found = {(f.path.name, f.rule) for f in findings()}
    assert {("bytes.md", "schema"), ("empty.md", "schema"), ("zero.md", "schema")} <= found
    assert {("nan.md", "schema"), ("nan.md", "place"), ("nan.md", "sections")} <= found
