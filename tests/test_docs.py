"""The README says what the report and the code say."""

import re

from model.files.artifacts import load_report
from tests.support import ROOT

README = (ROOT / "README.md").read_text()


def test_the_readmes_figures_are_the_reports():
    report = load_report()
    figures = [f"{report['test'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen']['strokes'][key]:.2%}" for key in ("accuracy", "low", "high")]
    figures += [f"{report['pen'][key]['accuracy']:.2%}" for key in ("slashed zero", "flagged one")]
    figures += [f"{report['pen']['auroc']:.3f}", f"{report['network']['num_parameters']:,}"]
    assert [figure for figure in figures if figure not in README] == []


def test_what_the_readme_links_to_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) >= 6
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_option_that_the_readme_names_exists():
    scripts = ("train.py", "predict.py", "benchmarks/recognition.py")
    code = "".join((ROOT / name).read_text() for name in scripts)
    others = {"--logdir", "--data-binary"}  # TensorBoard's and curl's own
    named = set(re.findall(r"`?(--[a-z][a-z-]+)", README)) - others
    assert len(named) > 8
    assert [option for option in named if f'"{option}"' not in code] == []


def test_the_projects_folders_are_those_of_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text()
    for path in (ROOT / "model").glob("*.py"):
        assert path.name == "__init__.py" or path.name in text, path.name
