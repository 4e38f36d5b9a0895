"""Fuzzes the files beside the network: report, history, model card and look-alikes."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.files import runs, served
from model.files.runs import CARD_FILE, HISTORY_FILE, LOOK_ALIKES_FILE, REPORT_FILE
from model.files.served import SHIPPED
from model.reading import look_alikes
from ops.training_jobs import TrainingJobs
from tests.fuzz import fuzzing
from ui.results import report_charts, report_tables, run_tables

REPORT = json.loads((SHIPPED / REPORT_FILE).read_bytes())
HISTORY = (SHIPPED / HISTORY_FILE).read_text().splitlines()
CARD = (SHIPPED / CARD_FILE).read_bytes()
with np.load(SHIPPED / LOOK_ALIKES_FILE) as _file:
    LOOKALIKES = dict(_file)
REPORTS = fuzzing.changed_json(REPORT)


@st.composite
def histories(draw) -> bytes:
    """The shipped history with one field changed, perhaps far too long, or damaged."""
    lines = HISTORY.copy()
    row = draw(st.integers(0, len(lines) - 1))
    fields = lines[row].split(",")
    field = draw(st.integers(0, len(fields) - 1))
    fields[field] = draw(st.sampled_from(("nan", "inf", "-1", "1e308", "1e999", "", "x", "0", '"')))
    lines[row] = ",".join(fields)
    text = ("\n".join(lines) * draw(st.sampled_from((1, 1, 1, 300)))).encode()
    return draw(st.one_of(st.just(text), st.just(text), fuzzing.damaged(text)))


ARRAY_CHANGES = (
    *(lambda array, kind=kind: array.astype(kind) for kind in ("U9", "f8", "?", "c8", "S3")),
    *(lambda array, it=it: np.full(array.shape, it) for it in (-1, 99, 2**31, float("nan"))),
    *(lambda array, num=num: array.ravel()[:num] for num in (0, 3, 100)),
    lambda array: np.zeros(10**8, np.uint8),
)
NAMES = st.sampled_from([name for name, array in LOOKALIKES.items() if array.ndim])
CHANGED_LOOKALIKES = st.one_of(
    *[
        st.builds(
            lambda name, change: {name: change(LOOKALIKES[name])},
            NAMES,
            st.sampled_from(ARRAY_CHANGES),
        )
    ]
    * 3,
    st.sampled_from((0, 3, 100)).map(
        lambda num: {name: LOOKALIKES[name][:num] for name in ("coordinates", "places", "labels")}
    ),
    st.just({"more": np.zeros(3)}),
).map(lambda arrays: LOOKALIKES | arrays) | NAMES.map(
    lambda gone: {name: array for name, array in LOOKALIKES.items() if name != gone}
)
LOOKALIKES_FILES = CHANGED_LOOKALIKES.map(lambda arrays: fuzzing.npz(**arrays)).flatmap(
    fuzzing.maybe_damaged
)
# One changed file of `model/trained`.
CHANGED_FILES = st.one_of(
    *[st.fixed_dictionaries({REPORT_FILE: REPORTS})] * 5,
    *[st.fixed_dictionaries({HISTORY_FILE: histories()})] * 2,
    *[st.fixed_dictionaries({LOOK_ALIKES_FILE: LOOKALIKES_FILES})] * 2,
    st.fixed_dictionaries({CARD_FILE: fuzzing.damaged(CARD)}),
)


def lay_trained(folder: Path, files: dict[str, bytes]) -> None:
    """Fills a folder like `model/trained`, with some files replaced."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for path in SHIPPED.iterdir():
        if path.name not in files:
            (folder / path.name).symlink_to(path)


def check(files: dict[str, bytes], folder: Path) -> str:
    """Does with a network's folder what dashboard, look-alikes and Train page do."""
    lay_trained(folder, files)
    return fuzzing.outcome_of(
        lambda: _show_report(folder),
        lambda: runs.load_card(folder).encode(),
        lambda: _place(folder),
        lambda: served.objection(runs.load_report(folder), folder.parent),
        lambda: _serve(folder),
    )


def _serve(folder: Path) -> None:
    """Serves the network, then weighs the shipped one against it."""
    served.serve(folder, force=True)
    served.objection(runs.load_report(SHIPPED), folder.parent)
    served.go_back(folder.parent)
    TrainingJobs(folder.parent).seconds_per_epoch("digitpad")


def _place(folder: Path) -> None:
    placed = look_alikes.load_look_alikes(folder)
    features = fuzzing.shipped_recognizer().features(np.full((2, 28, 28), 0.5, np.float32))
    placed.places_of(placed.coordinates_of(features))
    nearest = look_alikes.nearest_to(placed.coordinates, placed.coordinates_of(features[0]))
    assert (placed.labels[nearest] <= 9).all()


def _show_report(folder: Path) -> None:
    report, history = runs.load_report(folder), runs.load_history(folder / HISTORY_FILE)
    texts: list[str] = []
    fuzzing.outcome_of(  # a figure that can't be shown leaves the others in place
        lambda: texts.append(report_tables.summary(report)),
        lambda: texts.extend(report_tables.headline(report).values()),
        lambda: texts.append(report_tables.about_curves(report)),
        lambda: texts.append(report_tables.about_pen(report)),
        lambda: texts.extend(report_tables.settings_table(report).to_numpy().ravel()),
        lambda: report_tables.pen_table(report),
        lambda: report_tables.widths_table(report),
        lambda: report_charts.reliability_chart(*report_tables.reliability_table(report)),
    )
    for weight, log in ((0.0, False), (0.9, True)):
        table = run_tables.curves({"": history}, weight, log)
        for measure in table["measure"].unique():
            report_charts.curves_chart(table[table["measure"] == measure], "unit", "title", log)
    counts = report_tables.confusion(report)
    report_charts.confusion_chart(counts, share=True)
    report_tables.confusion_table(counts)
    report_tables.per_class_table(counts)
    for text in texts:
        text.encode()


TARGET = fuzzing.Target(CHANGED_FILES, check, share=7, ordinary=({},))


@fuzzing.few_examples(10)
@given(CHANGED_FILES)
def test_any_report_is_shown_or_refused_in_a_sentence(files):
    TARGET.run(files)


ODD_FIGURES = [
    *(("test", "accuracy", 10**400), ("test", "confusion", [[2**62] * 10] * 10)),
    *(("config", "epochs", 10**400), ("data", "training", "\ud800")),
    ("network", "num_parameters", 1e999),
]
ODD_FIGURE_IDS = [key for _, key, _ in ODD_FIGURES]


@pytest.mark.parametrize(("part", "key", "value"), ODD_FIGURES, ids=ODD_FIGURE_IDS)
def test_odd_figures_in_a_report_leave_the_dashboard_running(part, key, value):
    report = REPORT | {part: REPORT[part] | {key: value}}
    TARGET.run({REPORT_FILE: json.dumps(report).encode()})
