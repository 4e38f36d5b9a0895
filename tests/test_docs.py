"""The documentation agrees with the report, the settings and the code."""

import re
from pathlib import Path

import pytest

from model.files.runs import load_report
from ops.settings import Settings, markdown_table, variable
from tests.support import ROOT, TRAINED

README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
GONE = {"--no-publish"}  # named in the changelog only


def script_of(module: str) -> Path:
    """The file that runs a module: its own, or its folder's main file."""
    place = ROOT / module.replace(".", "/")
    return place / "__main__.py" if place.is_dir() else place.with_suffix(".py")


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def test_readme_figures_come_from_the_report():
    report = load_report(TRAINED)
    figures = [f"{report['test'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen']['strokes'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen'][key]['accuracy']:.2%}" for key in ("slashed zero", "flagged one")]
    figures += [f"{report['pen']['auroc']:.3f}", f"{report['network']['num_parameters']:,}"]
    assert [figure for figure in figures if figure not in README] == []


@each_document
def test_links_and_named_paths_exist(path):
    text = path.read_text()
    links = {(path.parent, link) for link in re.findall(r"\]\(([^)#:]+)\)", text)}
    folders = "model|ops|ui|app_pages|benchmarks|deploy|docs|tests"
    named = {(ROOT, name) for name in re.findall(rf"(?<![\w/.-])((?:{folders})/[\w./-]*\w)", text)}
    assert [name for folder, name in links | named if not (folder / name).exists()] == []


@each_document
def test_modules_to_run_exist(path):
    for module in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)+)", path.read_text()):
        assert script_of(module).is_file(), module


@each_document
def test_variables_are_settings(path):
    known = {variable(name) for name in Settings.model_fields}
    assert set(re.findall(r"DIGITPAD_[A-Z][A-Z_]*", path.read_text())) <= known


@each_document
def test_options_of_our_scripts_exist(path):
    commands = r"((?:train|predict)\.py|python -m benchmarks\.[a-z_]+)([^`\n#]*)"
    for script, arguments in re.findall(commands, path.read_text()):
        code = script_of(script.removeprefix("python -m ").removesuffix(".py")).read_text()
        for option in set(re.findall(r"--[a-z][a-z-]+", arguments)) - GONE:
            assert f'"{option}"' in code, f"{script} {option}"


def test_options_in_the_readme_exist():
    scripts = ("train.py", "predict.py", "benchmarks/recognition.py", "benchmarks/paper.py")
    code = "".join((ROOT / name).read_text() for name in scripts)
    others = {"--logdir", "--data-binary", "--dist"}  # TensorBoard's, curl's and pytest's own
    others |= {"--server"}  # Streamlit's
    named = set(re.findall(r"`?(--[a-z][a-z-]+)", README)) - others
    assert len(named) > 8
    assert [option for option in named if f'"{option}"' not in code] == []


def test_benchmarks_in_the_readme_exist():
    table = README.split("`python -m benchmarks.NAME`")[1].split("\n## ")[0]
    names = re.findall(r"`(\w+)`", table)
    assert len(names) >= 9
    assert [name for name in names if not script_of(f"benchmarks.{name}").exists()] == []


def test_architecture_md_names_every_module_of_model():
    tree = ARCHITECTURE.split("```")[1]
    names = {path.stem for path in (ROOT / "model").glob("**/*.py")} - {"__init__"}
    assert len(names) > 30
    assert names - set(re.findall(r"\w+", tree)) == set()


def test_architecture_md_names_functions_where_they_are():
    named = re.findall(r"`(\w+)` \(`([\w/]+\.py)`", ARCHITECTURE)
    assert len(named) >= 8
    for name, module in named:
        assert re.search(rf"^\s*(def|class) {name}\b", (ROOT / module).read_text(), re.M), name


def test_operations_md_has_the_table_of_settings():
    text = (ROOT / "docs" / "operations.md").read_text()
    assert markdown_table() in text, 'replace the table with the output of "python -m ops.settings"'
