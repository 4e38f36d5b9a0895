"""Imports follow the arrows: app -> pages -> ui -> model <- train; the app needs no Keras."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

HEAVY = {"keras", "tensorflow", "tf2onnx"}
# What a part may import besides the standard library; a name stands for all that is below it.
PURE_MODEL = {
    f"model.{name}"
    for name in (
        *(
            "access",
            "artifacts",
            "augment",
            "browse",
            "cells",
            "coach",
            "confidence",
            "corrections",
            "data",
        ),
        *("errors", "evaluation", "explanation", "glyphs", "handwriting", "jobs", "lookalikes"),
        *("numbers", "photo", "pictures", "preparations", "preprocess", "promotion", "recognizer"),
        *("settings", "strokes", "telemetry", "touching", "upload"),
    )
}
MAY_IMPORT = {
    "app.py": {"streamlit", "ui.reconnect"},
    "app_pages/*.py": {
        *("streamlit", "numpy", "pandas", "ui"),
        *(
            "model.cells",
            "model.corrections",
            "model.errors",
            "model.jobs",
            "model.numbers",
            "model.photo",
            "model.preparations",
            "model.preprocess",
            "model.promotion",
            "model.settings",
            "model.strokes",
        ),
    },
    "ui/*.py": {
        *("streamlit", "streamlit_drawable_canvas", "numpy", "pandas", "altair", "PIL", "ui"),
        "google.protobuf",  # Streamlit's messages
        *PURE_MODEL,
    },
    "deploy/*.py": {"streamlit.testing", "PIL", "benchmarks", "deploy"},
    "train.py": {"model"},
    "predict.py": {"tqdm", "ui.words", *PURE_MODEL},
    "api.py": {"fastapi", "pydantic", "starlette", "numpy", *PURE_MODEL},
    "server.py": {
        *("streamlit", "starlette", "prometheus_client", "api"),
        *("model.errors", "model.telemetry", "ui.resources", "ui.shield"),
    },
}
MODEL_NEVER = {"streamlit", "ui", "app_pages", "train", "argparse"}
# A command, whose work is to print: it looks at the model's files and needs no more than the model.
COMMANDS_OF_THE_MODEL = {"doctor.py"}
KERAS_MAY_BE_IN = {"finetuning.py", "network.py", "training.py"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            whole = {"model", "ui"}  # of these, the names imported are modules
            names |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module in whole
                else {node.module}
            )
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


def within(name: str, allowed: set[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in allowed)


@pytest.mark.parametrize("pattern", MAY_IMPORT)
def test_no_file_imports_against_the_arrows(pattern):
    files = list(ROOT.glob(pattern))
    assert files
    for path in files:
        against = {name for name in imports(path) if not within(name, MAY_IMPORT[pattern])}
        assert not against, path


def test_the_model_knows_neither_the_interface_nor_the_command_line_and_prints_nothing():
    for path in ROOT.glob("model/*.py"):
        tree = ast.parse(path.read_text())
        modules = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
            )
        }
        is_command = path.name in COMMANDS_OF_THE_MODEL
        never = MODEL_NEVER - {"argparse"} if is_command else MODEL_NEVER
        assert not any(within(name, never) for name in modules), path
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        prints = any(getattr(call.func, "id", "") == "print" for call in calls)
        assert prints == is_command, path


def test_only_network_training_and_finetuning_import_keras():
    for path in ROOT.glob("model/*.py"):
        if path.name not in KERAS_MAY_BE_IN:
            assert not any(within(name, HEAVY) for name in imports(path)), path
            heavy = {f"model.{name.removesuffix('.py')}" for name in KERAS_MAY_BE_IN}
            assert not imports(path) & heavy, path


def heavy_modules_after(script: str) -> str:
    """Runs a script in a fresh Python; what it printed and which heavy modules it left."""
    ending = f"\nimport sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    environment = {**os.environ, "DIGITPAD_DATA": "nowhere"}
    answer = subprocess.run(
        [sys.executable, "-c", script + ending],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_importing_what_the_app_uses_imports_neither_tensorflow_nor_keras():
    modules = PURE_MODEL | {
        f"ui.{path.stem}"
        for path in ROOT.glob("ui/*.py")
        if path.stem not in ("__init__", "canvas")
    }  # the canvas component can only be imported by a page that runs
    assert heavy_modules_after(f"import {', '.join(sorted(modules))}") == "[]"


def test_running_all_pages_imports_neither_tensorflow_nor_keras():
    pages = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("app_pages/[!_]*.py"))
    assert len(pages) >= 3
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        f"for page in {pages}:\n"
        "    app = AppTest.from_file(page, default_timeout=60).run()\n"
        "    assert not app.exception, app.exception\n"
    )
    assert heavy_modules_after(script).endswith("[]")


def test_what_programs_use_imports_neither_tensorflow_nor_keras_and_predict_no_streamlit():
    assert heavy_modules_after("import predict, sys\nassert 'streamlit' not in sys.modules") == "[]"
    assert heavy_modules_after("import server") == "[]"


def test_the_command_line_answers_before_keras_is_imported():
    script = "import train\ntry: train.parse(['--help'])\nexcept SystemExit: pass\n"
    assert heavy_modules_after(script).endswith("[]")
