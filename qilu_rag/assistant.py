"""The composition root: settings in, an assistant out that can search, ask and ingest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType

from qilu_rag.answer.write import Writer
from qilu_rag.asking import Asking
from qilu_rag.backends.chat import EndpointChat
from qilu_rag.backends.embedders import make_embedder
from qilu_rag.backends.faiss_index import FaissBackend
from qilu_rag.backends.local_server import LocalServer
from qilu_rag.backends.manifest import find_model
from qilu_rag.backends.model_files import ModelStore
from qilu_rag.backends.rapid_ocr import RapidOcr
from qilu_rag.backends.tantivy_index import TantivyBackend
from qilu_rag.config import Settings
from qilu_rag.errors import QiluError
from qilu_rag.ingest.pipeline import IngestReport, Pipeline, Progress
from qilu_rag.ingest.snapshot import SnapshotStore
from qilu_rag.moderation import Gate, build_gate
from qilu_rag.ports import ChatModel, Embedder, Ocr, VectorBackend, WordBackend
from qilu_rag.retrieve.desk import find
from qilu_rag.retrieve.given import given_passages
from qilu_rag.retrieve.search import Searcher
from qilu_rag.text.language import language_of
from qilu_rag.types import Filters, Found, Hit, Query, QuotationSearch, Reply, Sort, Stage, Verdict

_log = logging.getLogger(__name__)


class Assistant:
    """Everything that the page and the command line can do.

    Made by `build`; close it (or use it as a context manager) to stop the embedded
    language model.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        embedder: Embedder,
        chat: ChatModel,
        gate: Gate,
        store: SnapshotStore,
        ocr: Ocr,
        server: LocalServer | None = None,
    ) -> None:
        self.settings = settings
        self._ocr = ocr
        self._embedder = embedder
        self.chat = chat
        self._gate = gate
        self._store = store
        self._server = server
        self._writer = Writer(chat, embedder, settings.answer)
        self._asking = Asking(gate=gate, chat=chat, limit=settings.max_question)
        self._lock = Lock()
        self._searcher: tuple[str, Searcher] | None = None

    def search(
        self,
        question: str,
        *,
        k: int = 10,
        filters: Filters = Filters(),
        history: Sequence[str] = (),
    ) -> list[Hit]:
        """The passages that fit a question best; asks no language model.

        Raises:
            InputError: when the question is empty or too long.
            SnapshotError: when there is no index.
        """
        searcher = self.searcher()
        query = self._asking.by_rules(searcher, question, history=history, filters=filters)
        return searcher.search(query, k)

    def find(
        self,
        question: str,
        *,
        k: int = 10,
        filters: Filters = Filters(),
        sort: Sort = "relevance",
        boolean: bool = False,
        facets: bool = False,
    ) -> Found:
        """The researcher's search; see `retrieve.desk`."""
        searcher = self.searcher()
        query = self._asking.by_rules(searcher, question, filters=filters)
        return find(searcher, query, k=k, sort=sort, boolean=boolean, facets=facets)

    def understand(self, question: str, *, history: Sequence[str] = ()) -> Query:
        """What `search` makes of a question."""
        return self._asking.by_rules(self.searcher(), question, history=history)

    def locate(self, quotation: str, work: str | None = None) -> QuotationSearch:
        """Where a quotation stands in the original texts; see `retrieve.locate`."""
        return self.searcher().locator.locate(quotation, work)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        passages: Sequence[str] | None = None,
    ) -> Iterator[Reply]:
        """Answers a question.

        Args:
            question: as the reader typed it.
            history: earlier questions of the conversation, oldest first.
            passages: answer from these texts alone, not from the corpus.

        Yields:
            The reply as it grows: sources first, then sentence after sentence; the last
            one is whole.

        Raises:
            InputError: when the question is empty or too long.
            SnapshotError: when there is no index.
        """
        started = time.perf_counter()
        verdict = self._gate.check(question, "input", question=question)
        bare = Query(asked=question, text=question, language=language_of(question))
        if verdict.action == "block":
            yield self._gate.refuse(bare, verdict)
            return
        if passages is None and (greeting := self._writer.greet(bare)):
            yield from self._gate.screen([greeting], searched="", started=started, search_ms=0.0)
            return
        query, hits = self.evidence(verdict.text, history=history, passages=passages)
        place = self.searcher().place_asked(query) if passages is None else None
        search_ms = (time.perf_counter() - started) * 1000
        yield from self._gate.screen(
            self._writer.write(query, hits, given=passages is not None)
            if place is None
            else [self._writer.place(query, place)],
            searched=query.text,
            started=started,
            search_ms=search_ms,
        )

    def evidence(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        passages: Sequence[str] | None = None,
    ) -> tuple[Query, list[Hit]]:
        """The question, understood, and the passages that an answer may rest on."""
        if passages is None:
            searcher = self.searcher()
            query = self._asking.alone(searcher, question, history=history)
            query = self._asking.in_chinese(searcher, query)
            return query, searcher.search(query, self.settings.search.depth)
        verdicts = [self._gate.check(text, "document", question=question) for text in passages]
        given = given_passages([v.text for v in verdicts if v.text], self._embedder)
        searcher = Searcher(given, self._embedder, self.settings.search)
        query = self._asking.alone(searcher, question, history=history)
        return query, searcher.search(query, len(given.passages))

    def moderate(self, text: str, stage: Stage = "input") -> Verdict:
        """Screens one text."""
        return self._gate.check(text, stage)

    def ingest(self, paths: Sequence[Path], progress: Progress) -> IngestReport:
        """Brings files and folders into a new snapshot; see `ingest.pipeline`."""
        return self._pipeline().run(paths, progress)

    def retry(self, progress: Progress) -> IngestReport:
        """Ingests again what is in quarantine."""
        return self._pipeline().retry(progress)

    def _pipeline(self) -> Pipeline:
        return Pipeline(
            home=self.settings.home,
            settings=self.settings.ingest,
            store=self._store,
            embedder=self._embedder,
            screen=lambda text, source: self._gate.check(text, "document", question=source),
            ocr=self._ocr,
        )

    def warm_up(self) -> None:
        """Loads the models in the background, so that the first question finds them ready."""
        Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            self._embedder.embed_queries(["孔子"])
            self._writer.warm()
        except QiluError as error:
            _log.warning("%s", error)

    def searcher(self) -> Searcher:
        """The searcher over the snapshot in use; reopened when another is published."""
        with self._lock:
            current = self._store.current_id()
            if self._searcher is None or self._searcher[0] != current:
                snapshot = self._store.open(self._embedder)
                searcher = Searcher(snapshot, self._embedder, self.settings.search)
                self._searcher = (snapshot.id, searcher)
            return self._searcher[1]

    def close(self) -> None:
        """Stops the embedded language model."""
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Assistant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def build(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    chat: ChatModel | None = None,
    vectors: VectorBackend | None = None,
    words: WordBackend | None = None,
    ocr: Ocr | None = None,
) -> Assistant:
    """Puts an assistant together; ports that are not given are the real ones.

    Raises:
        ModelMissing: when the embedder's files are not there. A missing chat model is no
            error here: answers are then extracts.
    """
    server = None
    if chat is None:
        chat, server = _chat(settings)
    return Assistant(
        settings,
        embedder=embedder or make_embedder(settings),
        chat=chat,
        gate=build_gate(settings.home / "review.sqlite"),
        store=open_store(settings, vectors, words),
        ocr=ocr or RapidOcr(),
        server=server,
    )


def open_store(
    settings: Settings, vectors: VectorBackend | None = None, words: WordBackend | None = None
) -> SnapshotStore:
    """The snapshots of a home; needs no model."""
    folder = settings.home / "snapshots"
    return SnapshotStore(folder, vectors or FaissBackend(), words or TantivyBackend())


def _chat(settings: Settings) -> tuple[ChatModel, LocalServer | None]:
    wanted = settings.chat
    if wanted.url is not None:
        url = wanted.url
        return _endpoint(settings, lambda: url, wanted.key), None

    def path() -> Path:
        return wanted.path or ModelStore(settings.models).require(find_model(wanted.model, "chat"))

    server = LocalServer(path, context=wanted.context, threads=wanted.threads)
    return _endpoint(settings, server.url, server.key), server


def _endpoint(settings: Settings, url: Callable[[], str], key: str) -> EndpointChat:
    return EndpointChat(
        url=url,
        model=settings.chat.model,
        key=key,
        temperature=settings.chat.temperature,
        timeout=settings.chat.timeout,
    )
