"""The documentation agrees with the report, the settings and the code."""

import re

from model.files.runs import load_report
from ops.settings import markdown_table
from tests.support import ROOT, TRAINED

README = (ROOT / "README.md").read_text()


def test_readme_figures_come_from_the_report():
    report = load_report(TRAINED)
    figures = [f"{report['test'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen']['strokes'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen'][key]['accuracy']:.2%}" for key in ("slashed zero", "flagged one")]
    figures += [f"{report['pen']['auroc']:.3f}", f"{report['network']['num_parameters']:,}"]
    assert [figure for figure in figures if figure not in README] == []


def test_readme_links_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) >= 6
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_options_in_the_readme_exist():
    scripts = ("train.py", "predict.py", "benchmarks/recognition.py")
    code = "".join((ROOT / name).read_text() for name in scripts)
    others = {"--logdir", "--data-binary"}  # TensorBoard's and curl's own
    named = set(re.findall(r"`?(--[a-z][a-z-]+)", README)) - others
    assert len(named) > 8
    assert [option for option in named if f'"{option}"' not in code] == []


def test_architecture_md_names_every_module_of_model():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for path in (ROOT / "model").glob("*.py"):
        assert path.name == "__init__.py" or path.name in text, path.name


def test_operations_md_has_the_table_of_settings():
    text = (ROOT / "docs" / "operations.md").read_text()
    assert markdown_table() in text, 'replace the table with the output of "python -m ops.settings"'
