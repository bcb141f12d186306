"""The periods of Chinese history, and the words by which a text names them."""

from __future__ import annotations

from typing import NamedTuple


class Dynasty(NamedTuple):
    """A period with its first and last year (see `years`) and the words that mean it."""

    name: str
    start: int
    end: int
    words: str


# The years are those of 中国历史纪年表 (辞海, appendix); where periods overlap, a year belongs
# to the first. 秦 and 齐 alone are states and places too, so a word has two characters.
DYNASTIES = (
    Dynasty("新石器时代", -8000, -2071, "新石器时代 后李文化 北辛文化 大汶口文化 龙山文化"),
    Dynasty("夏", -2070, -1601, "夏代 夏朝 岳石文化"),
    Dynasty("商", -1600, -1047, "商代 商朝 殷商 商末"),
    Dynasty("西周", -1046, -771, "西周 周初"),
    Dynasty("春秋", -770, -476, "春秋时 春秋末 春秋后 春秋中 春秋早 春秋晚 齐桓公 齐景公"),
    Dynasty("战国", -475, -221, "战国 齐威王 齐宣王 齐湣王"),
    Dynasty("秦", -220, -207, "秦代 秦朝 秦末 秦始皇 秦二世"),
    Dynasty("汉", -206, 220, "西汉 东汉 汉代 汉朝 汉初 汉末 汉武帝 新莽"),
    Dynasty("三国", 221, 264, "三国 曹魏 蜀汉 孙吴"),
    Dynasty("晋", 265, 420, "西晋 东晋 晋代 十六国"),
    Dynasty("南北朝", 421, 580, "南北朝 北魏 东魏 北齐 北周 南朝 北朝"),
    Dynasty("隋", 581, 618, "隋代 隋朝 隋末 隋炀帝 隋文帝"),
    Dynasty("唐", 619, 907, "唐代 唐朝 盛唐 晚唐 唐初 唐末 唐太宗 唐玄宗 唐高宗 武则天"),
    Dynasty("五代", 908, 960, "五代 后梁 后唐 后晋 后汉 后周"),
    Dynasty("宋", 961, 1279, "北宋 南宋 宋代 宋朝 金代 金朝 宋真宗 宋徽宗"),
    Dynasty("元", 1280, 1368, "元代 元朝 元初 元末 元世祖"),
    Dynasty("明", 1369, 1644, "明代 明朝 明初 明末 洪武 永乐 成化 弘治 嘉靖 万历 崇祯"),
    Dynasty("清", 1645, 1911, "清代 清朝 清初 清末 顺治 康熙 雍正 乾隆 嘉庆 道光 光绪"),
    Dynasty("民国", 1912, 1949, "民国 抗日战争 抗战 解放战争 国民党 八路军"),
)

PERIODS = {some.name: (some.start, some.end) for some in DYNASTIES} | {
    "秦": (-221, -207),
    "唐": (618, 907),
    "宋": (960, 1279),
    "元": (1271, 1368),
    "明": (1368, 1644),
    "清": (1644, 1911),
    "北宋": (960, 1127),
    "南宋": (1127, 1279),
    "金": (1115, 1234),
    "西汉": (-206, 8),
    "东汉": (25, 220),
    "西晋": (265, 316),
    "东晋": (317, 420),
    "北魏": (386, 534),
    "北齐": (550, 577),
    "北朝": (386, 581),
    "东周": (-770, -256),
    "现代": (1950, 9999),
}
"""Name → years, as a reader of the name counts them: from the first year of rule to the last,
so that periods overlap and hold parts with names of their own."""


def dynasty_at(year: int) -> Dynasty | None:
    """The period that a year falls in; None before the first and after 1949."""
    return next((some for some in DYNASTIES if some.start <= year <= some.end), None)
