"""Imports follow the arrows: app -> pages -> ui -> model <- train; the app needs no Keras."""

import ast
import subprocess
import sys

import pytest
from conftest import ROOT

HEAVY = {"keras", "tensorflow", "tf2onnx"}
FORBIDDEN = {
    "app.py": HEAVY | {"numpy", "cv2", "model", "ui", "train"},
    "app_pages/*.py": HEAVY | {"cv2", "app_pages", "train", "onnxruntime"},
    "ui/*.py": HEAVY | {"cv2", "app_pages", "train", "onnxruntime"},
    "model/*.py": {"streamlit", "ui", "app_pages", "train", "argparse"},
    "train.py": {"streamlit", "ui", "app_pages"},
}
KERAS_MAY_BE_IN = {"network.py", "training.py"}


def imports(path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_file_imports_against_the_arrows(pattern):
    files = list(ROOT.glob(pattern))
    assert files
    for path in files:
        assert not imports(path) & FORBIDDEN[pattern], path


def test_only_network_and_training_import_keras_and_nothing_in_model_prints():
    for path in ROOT.glob("model/*.py"):
        if path.name not in KERAS_MAY_BE_IN:
            assert not imports(path) & HEAVY, path
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        assert not any(getattr(call.func, "id", "") == "print" for call in calls), path


def test_running_all_pages_imports_neither_tensorflow_nor_keras():
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "for page in ('draw', 'test_set', 'dashboard'):\n"
        "    app = AppTest.from_file(f'app_pages/{page}.py', default_timeout=60).run()\n"
        "    assert not app.exception, app.exception\n"
        "print(sorted({'tensorflow', 'keras', 'tf2onnx'} & set(sys.modules)))\n"
    )
    environment = {**__import__("os").environ, "DIGITPAD_DATA": "nowhere"}
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert answer.stdout.strip().endswith("[]"), answer.stdout + answer.stderr
