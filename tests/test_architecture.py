"""The rules of the house, read off the code itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "qilu_rag"
MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "evals").rglob("*.py"), ROOT / "app.py"])
MOST_LINES = 300
HEAVY = ("torch", "transformers", "sentence_transformers", "gradio", "xllamacpp", "llama_index", "openai", "sklearn", "pandas", "rapidocr", "onnxruntime", "cv2")  # fmt: skip

MADE_BY = {
    "Reply": ("moderation/gate.py",),
    "Verdict": ("moderation/gate.py", "moderation/review.py"),
    "Draft": ("answer/write.py",),
    "Citation": ("answer/write.py",),
    "Document": ("ingest/load.py",),
    "Entry": ("ingest/front_matter.py", "retrieve/given.py"),
    "Passage": ("ingest/split.py", "ingest/records.py", "retrieve/given.py"),
    "Query": ("retrieve/query.py", "assistant.py", "answer/write.py"),
    "Hit": ("retrieve/search.py",),
    "Found": ("retrieve/desk.py",),
    "Ambiguity": ("retrieve/names.py",),
    "Located": ("retrieve/locate.py",),
    "QuotationSearch": ("retrieve/locate.py",),
    "PlaceAsked": ("retrieve/search.py",),
}
"""Type → the only files that make it (out of nothing, or back out of a file)."""

CATCHES_ALL = (
    "moderation/gate.py",
    "web/chat.py",
    "web/stream.py",
    "ingest/formats/pdf.py",
    "ingest/worker.py",
    "ingest/formats/image.py",
    "ingest/formats/ooxml.py",
    "ingest/formats/tables.py",
)
"""The edges where any failure becomes a block, a sentence or a problem."""

# Put together here, so that this file does not hold what it looks for.
MACHINES = ["/" + name + "/" for name in ("work", "root")] + ["/home" + "/"]
REGISTRIES = ["".join(parts) for parts in (("pypi", ".org"), ("pythonhosted", ".org"), ("registry.", "npmjs"), ("huggingface", ".co/"), ("hf-", "mirror"), ("modelscope", ".cn"), ("download.", "pytorch"), ("index-", "url"))]  # fmt: skip


def calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def tracked() -> Iterator[tuple[Path, str]]:
    """The text files that belong to the project."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a checkout")
    for name in filter(None, done.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():
            data = path.read_bytes()
            if b"\0" not in data:
                yield path, data.decode("utf-8")


def test_the_import_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("kind", MADE_BY)
def test_each_type_has_one_maker(kind: str) -> None:
    makers = {
        name_of(path)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(tree(path))
        if calls(node, kind)
    }
    assert makers
    assert makers <= set(MADE_BY[kind])


def test_replies_are_not_patched_up() -> None:
    """`replace(reply, answer=...)` would go around the gate."""
    fields = {"answer", "verdicts", "citations", "sources", "status", "findings", "action"}
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if name_of(path) != "moderation/gate.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and calls(node, "replace")
        if fields & {keyword.arg for keyword in node.keywords}
    ]
    assert found == []


def test_the_command_line_starts_light() -> None:
    code = f"import sys, qilu_rag.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module(path: Path) -> None:
    module = tree(path)
    doc = ast.get_docstring(module)
    assert doc
    assert doc.splitlines()[0].rstrip().endswith((".", "?", ":")), "the docstring's first line"
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES
    catches = [node for node in ast.walk(module) if isinstance(node, ast.ExceptHandler)]
    broad = [node.lineno for node in catches if catches_all(node.type)]
    assert not broad or name_of(path) in CATCHES_ALL, f"catches everything at {broad}"


def catches_all(what: ast.expr | None) -> bool:
    if isinstance(what, ast.Tuple):
        return any(map(catches_all, what.elts))
    return what is None or (isinstance(what, ast.Name) and what.id in ("Exception", "BaseException"))  # fmt: skip


def test_no_path_of_a_machine_and_no_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path, text in tracked()
        for word in (*MACHINES, *REGISTRIES)
        if word in text
    ]
    assert found == []


def test_nothing_large_or_generated_is_tracked() -> None:
    for path, text in tracked():
        assert len(text) < 500_000, path
        assert "__pycache__" not in path.parts
        assert "var" not in path.relative_to(ROOT).parts
