"""Which language a question is in."""

from __future__ import annotations

import pytest

from qilu_rag.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("孔子是哪里人", "zh"),
        ("孔廟在哪裡", "zh"),
        ("Who was Confucius?", "en"),
        ("Who was 孔子?", "en"),
        ("UNESCO 什么时候收录三孔", "zh"),
        ("泰山 Mount Tai 主峰海拔有多少米", "zh"),
        ("1532.7", "zh"),
        ("", "zh"),
    ],
)
def test_examples(text: str, language: str) -> None:
    assert language_of(text) == language
