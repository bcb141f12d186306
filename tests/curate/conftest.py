"""A corpus of three entries on disk, sound until a test breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qilu_rag.curate.check import check_corpus
from qilu_rag.curate.findings import Finding

SOUND = {
    "figures/kongzi.md": """---
id: kongzi
title: 孔子
title_en: Confucius
category: figures
kind: person
aliases: [仲尼]
place: {city: 济宁, county: 曲阜, lon: 116.99, lat: 35.60}
era: {text: 春秋, from: -551, to: -479}
relations:
  - {type: related_to, to: lunyu-book}
  - {type: contemporary_of, to: yanhui}
  - {type: related_to, to: miao}
sources:
  - {id: s1, kind: classic, cite: 《史记·孔子世家》}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: draft}
---
孔子（前551—前479）是鲁国陬邑人，儒家学派的创立者[s1]。

## 生平

孔子公元前497年离开鲁国，周游列国十四年。

## 思想

孔子主张仁和礼，见“学而时习之，不亦说乎”（《论语·学而》1.1）。

## 弟子

相传孔子有弟子三千人，其中贤者七十二人。
""",
    "figures/yanhui.md": """---
id: yanhui
title: 颜回
title_en: Yan Hui
category: figures
kind: person
era: {text: 春秋, from: -521, to: -481}
relations:
  - {type: student_of, to: kongzi}
  - {type: related_to, to: lunyu-book}
  - {type: related_to, to: miao}
sources:
  - {id: s1, kind: classic, cite: 《史记·仲尼弟子列传》}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: draft}
---
颜回是鲁国人，生于公元前521年，公元前481年去世[s1]。

## 好学

颜回住在陋巷里，一直不改读书的快乐。

## 尊号

后世尊颜回为复圣，配享在大成殿中。

## 祠庙

曲阜有祭祀颜回的颜庙。
""",
    "classics/lunyu-book.md": """---
id: lunyu-book
title: 论语
title_en: Analects
category: classics
kind: text
relations:
  - {type: about, to: kongzi}
  - {type: related_to, to: yanhui}
  - {type: related_to, to: miao}
sources:
  - {id: s1, kind: classic, cite: 《汉书·艺文志》}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: draft}
---
《论语》是记录孔子和弟子言行的书，今本20篇[s1]。

## 成书

《论语》由孔子的弟子和再传弟子编成。

## 版本

汉代有鲁论、齐论和古论三种本子。

## 影响

宋代以后《论语》列为四书之一。
""",
    "heritage/miao.md": """---
id: miao
title: 曲阜孔庙
title_en: Temple of Confucius
category: heritage
kind: site
place: {city: 济宁, county: 曲阜}
designations:
  - {list: 全国重点文物保护单位, batch: 1, year: 1961}
relations:
  - {type: dedicated_to, to: kongzi}
  - {type: related_to, to: lunyu-book}
  - {type: related_to, to: yanhui}
sources:
  - {id: s1, kind: official, cite: 《全国重点文物保护单位名单》第一批 (1961)}
licence: CC-BY-4.0
origin: machine-drafted
review: {state: draft}
---
曲阜孔庙1961年列入第一批全国重点文物保护单位[s1]。

## 布局

曲阜孔庙前后有九进院落。

## 建筑

大成殿前有十根深浮雕龙柱。

## 碑刻

曲阜孔庙的碑亭有十三座。
""",
}

ORIGINAL = """---
id: lunyu-original
title: 《论语》原文
---
## 《论语·学而》1.1

子曰：“学而时习之，不亦说乎？有朋自远方来，不亦乐乎？”

## 《论语·学而》1.11

子曰：“父在，观其志；父没，观其行。”

## 《孟子·尽心下》14.14

孟子曰：「民為貴，社稷次之，君為輕。」
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for name, text in SOUND.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    folder = tmp_path / "classics"
    folder.mkdir()
    (folder / "lunyu-original.md").write_text(ORIGINAL, "utf-8")
    return folder


@pytest.fixture
def edit(corpus: Path) -> Callable[[str, str, str], None]:
    """Replaces words of a file, which must be there."""

    def change(name: str, old: str, new: str) -> None:
        path = corpus / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return change


@pytest.fixture
def findings(corpus: Path, originals: Path) -> Callable[[], list[Finding]]:
    def run() -> list[Finding]:
        return list(check_corpus(corpus, originals).findings)

    return run
