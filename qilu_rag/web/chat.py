"""The first tab: a conversation with streamed answers, their sources, and a stop button."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import gradio as gr

from qilu_rag.assistant import Assistant
from qilu_rag.errors import QiluError
from qilu_rag.types import CATEGORY_NAMES
from qilu_rag.web.phrases import EXAMPLES, EXAMPLES_EN
from qilu_rag.web.render import Turn, conversation_html, plain
from qilu_rag.web.stream import Stream

_log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Questions answered at the same time. The model takes one after the other, but those who
wait for it have their sources before them."""

_LOG = (
    '<div class="log" role="log" aria-live="polite" aria-label="对话 Conversation">${value}</div>'
)

_WELCOME = (
    '<div class="welcome"><h2>问一问齐鲁</h2>'
    "<p>从人物、典籍、遗产、山水、民俗与红色文化的条目中找出答案，每句话都附出处。"
    '<span lang="en">Questions in English are welcome, too.</span></p></div>'
)


class Chat:
    """The chat tab; made inside the `gr.Blocks` that it becomes a part of.

    Args:
        assistant: answers.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.turns = gr.State(())
        self.stream = gr.State(None)
        self.log = gr.HTML(
            "", html_template=_LOG, js_on_load=None, apply_default_css=False, elem_id="conversation"
        )
        with gr.Column(elem_id="examples") as self.examples:
            gr.HTML(_WELCOME, js_on_load=None, apply_default_css=False)
            with gr.Row(elem_classes="example-groups"):
                buttons = [
                    button
                    for category, questions in EXAMPLES.items()
                    for button in _group(CATEGORY_NAMES[category][0], questions)
                ]
                buttons += _group("English", EXAMPLES_EN)
        with gr.Column(elem_id="composer"), gr.Row(elem_classes="composer-row"):
            self.box = gr.Textbox(
                lines=1,
                max_lines=6,
                label="问题 Question",
                show_label=False,
                container=False,
                placeholder="请输入问题，回车发送",
                elem_id="question",
                scale=1,
                html_attributes=gr.InputHTMLAttributes(enterkeyhint="send"),
            )
            self.send = gr.Button("发送", elem_id="send", variant="primary", scale=0)
            self.stop = gr.Button("停止", elem_id="stop", visible=False, scale=0)
            self.clear = gr.Button("清空", elem_id="clear", visible=False, scale=0)
        self._wire(buttons)

    def _wire(self, buttons: list[gr.Button]) -> None:
        shown = [self.log, self.box, self.send, self.stop, self.clear, self.examples]
        asking: dict[str, Any] = {
            "outputs": [*shown, self.turns, self.stream],
            "show_progress": "hidden",
            "trigger_mode": "once",
            "concurrency_limit": _AT_ONCE,
            "concurrency_id": "ask",
            "api_visibility": "private",
        }
        state = [self.turns, self.stream]
        gr.on([self.send.click, self.box.submit], self.ask, [self.box, *state], **asking)
        for button in buttons:
            button.click(self.ask, [button, *state], **asking)
        # Out of the queue, so that it need not wait for what it is to end.
        quick: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        self.stop.click(_stop, [self.stream], None, **quick)
        self.clear.click(self.start_over, [self.stream], [*shown, self.turns, self.stream], **quick)

    async def ask(
        self, question: str | None, turns: tuple[Turn, ...], running: Stream | None
    ) -> AsyncIterator[dict[Any, Any]]:
        """Answers a question below the earlier ones; yields what changes on the page.

        This is the outermost edge of the program: every error becomes a sentence here.
        """
        question = question or ""
        # An empty question gets no answer, and one while another is answered has to wait.
        if not question.strip() or (running is not None and not running.stopped):
            yield {self.turns: gr.skip()}
            return
        # A turn can be unfinished still when the connection broke while it was written.
        turns = tuple(_finished(turn) for turn in turns)
        turn = Turn(id=f"t{secrets.token_hex(4)}", question=question)
        history = [t.reply.question for t in turns if t.reply and t.reply.status != "blocked"]
        stream = Stream(self._assistant.ask(question, history=history))
        try:
            yield {
                **self._writing(True),
                **self._now(turns, turn),
                self.box: "",
                self.stream: stream,
            }
            async for reply in stream.replies():
                turn = replace(turn, reply=reply)
                yield self._now(turns, turn)
        except QiluError as error:
            turn = replace(turn, note=str(error))
        except Exception:  # noqa: BLE001 (logged with its cause; readers get a sentence)
            _log.exception("the question could not be answered")
            turn = replace(turn, note=turn.phrases.broken)
        finally:
            stream.stop()
        # Only now, with the send button back, is the turn done for the reader, too.
        yield {**self._writing(False), **self._now(turns, _finished(turn))}

    def start_over(self, stream: Stream | None) -> dict[Any, Any]:
        """Empties the conversation."""
        _stop(stream)
        return {
            **self._writing(False),
            self.log: "",
            self.turns: (),
            self.stream: None,
            self.clear: gr.update(visible=False),
            self.examples: gr.update(visible=True),
        }

    def _now(self, turns: tuple[Turn, ...], turn: Turn) -> dict[Any, Any]:
        now = (*turns, turn)
        return {self.log: conversation_html(now), self.turns: now}

    def _writing(self, yes: bool) -> dict[Any, Any]:
        """Send or stop, whichever there is use for."""
        return {
            self.send: gr.update(visible=not yes),
            self.stop: gr.update(visible=yes),
            self.clear: gr.update(visible=not yes),
            self.examples: gr.update(visible=False),
        }


def _group(name: str, questions: tuple[str, ...]) -> list[gr.Button]:
    with gr.Column(elem_classes="example-group", min_width=0):
        gr.HTML(f"<h3>{plain(name)}</h3>", js_on_load=None, apply_default_css=False)
        return [gr.Button(question, elem_classes="example") for question in questions]


def _finished(turn: Turn) -> Turn:
    whole = turn.note or (turn.reply is not None and turn.reply.status != "writing")
    return replace(turn, note=turn.note if whole else turn.phrases.stopped, done=True)


def _stop(stream: Stream | None) -> None:
    if stream is not None:
        stream.stop()
