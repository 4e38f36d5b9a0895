"""Imports follow the arrows: app -> pages -> ui -> ops -> model; serving needs no Keras."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

HEAVY = ("keras", "tensorflow", "tf2onnx", "tensorboardX")
TRAINING_MODULES = (
    "finetuning",
    "judging",
    "lesson",
    "network",
    "onnx_file",
    "tensorboard",
    "training",
)
KERAS_MODULES = {f"model.learning.{name}" for name in TRAINING_MODULES}
# What each part may import of the project; a name stands for all that is below it.
PROJECT = ("app_pages", "ui", "ops", "model", "api", "train", "predict", "server", "benchmarks")
ARROWS = {
    "app.py": ("ui",),
    "app_pages/*.py": ("ui", "ops", "model"),
    "ui/**/*.py": ("ui", "ops", "model"),
    "ops/**/*.py": ("ops", "model"),
    "model/errors.py": (),
    "model/files/*.py": ("model.files", "model.errors"),
    "model/ink/*.py": ("model.ink", "model.files", "model.errors"),
    "model/reading/*.py": ("model.reading", "model.ink", "model.files", "model.errors"),
    "model/archive/*.py": (
        *("model.archive", "model.reading", "model.ink", "model.files", "model.errors"),
        "model.learning.array_files",
    ),
    "model/learning/*.py": ("model",),
    "train.py": ("ops", "model"),
    "predict.py": ("ops", "model", "ui.formatting"),
    "server.py": ("ops", "model", "ui"),
}
# Other packages that a part may not import.
NEVER = {
    "model/**/*.py": ("streamlit", "fastapi", "argparse", *PROJECT[:3]),
    "ops/**/*.py": ("ui", "app_pages"),
    "predict.py": ("streamlit",),
}
MAX_LINES = 400


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, allowed) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in allowed)


def modules() -> dict[str, Path]:
    """All modules of `model`, `ops` and `ui` by name."""
    paths = [path for part in ("model", "ops", "ui") for path in ROOT.glob(f"{part}/**/*.py")]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in paths
        if path.name != "__init__.py"
    }


@pytest.mark.parametrize("pattern", ARROWS)
def test_imports_follow_the_arrows(pattern):
    files = list(ROOT.glob(pattern))
    assert files
    for path in files:
        inside = {name for name in imports(path) if within(name, PROJECT)}
        assert {name for name in inside if not within(name, ARROWS[pattern])} == set(), path


@pytest.mark.parametrize("pattern", NEVER)
def test_no_part_imports_what_it_must_not_know(pattern):
    for path in ROOT.glob(pattern):
        assert not any(within(name, NEVER[pattern]) for name in imports(path)), path


def test_no_module_imports_itself_through_others():
    names = modules()
    graph = {}
    for name, path in names.items():
        parts = [each.split(".") for each in imports(path)]
        inside = {".".join(each[:end]) for each in parts for end in range(1, len(each) + 1)}
        graph[name] = inside & set(names)
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_only_the_modules_that_train_import_keras():
    for name, path in modules().items():
        if name not in KERAS_MODULES:
            found = imports(path)
            assert not any(within(each, {*HEAVY, *KERAS_MODULES}) for each in found), path


def test_model_prints_nothing():
    for path in ROOT.glob("model/**/*.py"):
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        assert not any(getattr(call.func, "id", "") == "print" for call in calls), path


def test_no_module_has_more_than_400_lines():
    for path in ROOT.glob("**/*.py"):
        if ".venv" not in path.parts:
            assert len(path.read_text().splitlines()) <= MAX_LINES, path


def heavy_modules_after(script: str) -> str:
    """Runs a script in a fresh Python; what it printed and which heavy modules it left."""
    ending = f"\nimport sys; print(sorted({set(HEAVY)!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", script + ending],
        cwd=ROOT,
        env={**os.environ, "DIGITPAD_DATA": "nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_importing_what_serving_uses_imports_no_tensorflow():
    light = sorted(set(modules()) - KERAS_MODULES - {"ui.canvas"})
    # The canvas component can only be imported by a page that runs.
    assert heavy_modules_after(f"import {', '.join(light)}") == "[]"


def test_running_all_pages_imports_no_tensorflow():
    pages = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("app_pages/[!_]*.py"))
    assert len(pages) >= 3
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        f"for page in {pages}:\n"
        "    app = AppTest.from_file(page, default_timeout=60).run()\n"
        "    assert not app.exception, app.exception\n"
    )
    assert heavy_modules_after(script).endswith("[]")


def test_predict_and_server_import_no_tensorflow():
    assert heavy_modules_after("import predict, sys\nassert 'streamlit' not in sys.modules") == "[]"
    assert heavy_modules_after("import server") == "[]"


def test_train_answers_help_before_importing_keras():
    script = "import train\ntry: train.parse(['--help'])\nexcept SystemExit: pass\n"
    assert heavy_modules_after(script).endswith("[]")
