"""Whatever comes from outside ends in an answer or one sentence; what once did not stays here."""

import io
import json
import math
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from benchmarks.sheets import sheet
from model.errors import ArtifactError, CorrectionsError, PictureError
from model.files.artifacts import (
    CONFIG_FILE,
    HISTORY_FILE,
    ONNX_FILE,
    REPORT_FILE,
    load_run,
    load_runs,
)
from model.ink.layout import find_digits
from model.ink.sheet import KEPT_SIDE, decode
from model.ink.strokes import strokes_of_canvas
from model.learning import evaluation
from model.learning.config import PRESETS, load_config
from model.learning.upload import read_upload
from model.reading.confidence import Confidence
from model.reading.recognizer import Recognizer
from ops import corrections, training_jobs
from ops.corrections import Corrections
from tests import fuzzing
from tests.fuzzing import ANSWER, HUGE_DRAWINGS, PICTURE_TRAPS, SENTENCE, TARGETS, UPLOAD_TRAPS
from ui.owner import training_run
from ui.results import mistakes, run_tables
from ui.test_set import image_grid, image_map

NUM_EXAMPLES = {"drawings": 25, "pages": 4, "grids of cells": 20}
USUAL = 10  # examples of the other targets
MOST_SECONDS = 2.0  # of work, however busy the machine is
MOST_MB = 200


@pytest.fixture(autouse=True)
def no_mnist(monkeypatch):
    monkeypatch.setenv("DIGITPAD_DATA", "nowhere")


def check(name: str, content: object, within: float = MOST_SECONDS) -> str:
    """Has a target's input checked, in time."""
    target = TARGETS[name]
    content = target.load(content)
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        said = target.check(content, Path(folder))
        assert time.process_time() - start < within
    return said


@pytest.mark.parametrize("name", TARGETS)
def test_each_input_ends_in_an_answer_or_one_sentence(name):
    most = 60 if name == "pages" else MOST_SECONDS  # each page loads much at first
    if name != "pages":
        for content in fuzzing.first_inputs(name):
            check(name, content, within=60)

    @settings(
        max_examples=NUM_EXAMPLES.get(name, USUAL),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def run(rng):
        assert check(name, TARGETS[name].make(rng), most) in (ANSWER, SENTENCE)

    run()


# Each of these once took too long, or ended in a traceback.


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("500 strokes apart", ANSWER), ("20,000 lines", ANSWER), ("far outside", ANSWER)),
        *(("20,000 long curves", SENTENCE), ("20,000 short curves", SENTENCE)),
        *(("500 strokes of 40 curves", SENTENCE), ("jitter", ANSWER)),
        ("a command of a million numbers", SENTENCE),
    ],
)
def test_large_and_odd_drawings_take_no_seconds(name, said):
    assert check("drawings", HUGE_DRAWINGS[name]()) == said


def test_a_kind_of_stroke_that_is_nested_deep_is_no_stroke():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    said = fuzzing.told(lambda: strokes_of_canvas({"objects": [{"type": deep, "path": []}]}))
    assert said == SENTENCE
    while deep:
        deep = deep.pop()  # Python can't clear it up by itself


@pytest.mark.parametrize(
    "name",
    [
        *("1 x 65,000 JPEG", "65,000 x 3 JPEG", "10,000 x 2 of noise", "marks", "tall marks"),
        *("a JPEG of 9 MB of markers", "a PNG of empty chunks"),
    ],
)
def test_pictures_of_odd_shapes_and_many_parts_are_told_or_read(name):
    assert check("pictures", PICTURE_TRAPS[name]()) in (ANSWER, SENTENCE)


def memory(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux' /proc")
@pytest.mark.parametrize(
    "name",
    [
        *("40 million pixels, RGB PNG", "40 million pixels, 1 PNG", "40 million pixels, JPEG"),
        *("24 million pixels, progressive", "10 million pixels, WebP"),
    ],
)
def test_a_large_photo_takes_less_than_200_mb(name):
    content = PICTURE_TRAPS[name]()
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    assert max(decode(content).shape) <= KEPT_SIDE
    assert memory("VmHWM") - before < MOST_MB


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_turned_photo_is_read_as_a_small_one(kind):
    large = np.rot90(sheet()).repeat(5, axis=0).repeat(5, axis=1)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, kind, exif=exif)
    picture = decode(buffer.getvalue())
    assert max(picture.shape) <= KEPT_SIDE < max(large.shape)
    frames = np.stack([found.frame for found in find_digits(picture)])
    read = Recognizer.load().probabilities(frames).argmax(axis=1)
    small = np.stack([found.frame for found in find_digits(sheet())])
    assert np.array_equal(read, Recognizer.load().probabilities(small).argmax(axis=1))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_sixteen_bits_a_pixel_are_read_and_an_odd_exif_note_is_passed_over():
    for name in ("16-bit PNG", "JPEG with odd EXIF"):
        assert len(find_digits(decode(fuzzing._sheet_file(name, 0)))) == 6, name


@pytest.mark.parametrize("mode", ["RGB", "P", "L"])
def test_a_picture_with_a_side_that_no_photo_has_is_told(mode):
    buffer = io.BytesIO()
    Image.new(mode, (1, 70_000)).save(buffer, "PNG")
    with pytest.raises(PictureError, match="on a side"):
        decode(buffer.getvalue())


@pytest.mark.parametrize(
    "name",
    [
        *("200 axes", "no images of any size", "a million gz files in one", "a crowded archive"),
        *("lzma", "20,000 images of 8 bytes and as many labels", "1,000 files"),
    ],
)
def test_uploads_that_are_traps_are_told(name):
    assert check("uploads", UPLOAD_TRAPS[name]()) == SENTENCE


def test_a_few_gz_files_in_one_are_read_as_one():
    import gzip

    halves = fuzzing.idx((2, 28, 28), bytes(2 * 784)), fuzzing.idx((2,), bytes([3, 4]))
    files = {
        f"{at}.gz": gzip.compress(content[:9]) + gzip.compress(content[9:])
        for at, content in enumerate(halves)
    }
    assert read_upload(files).labels.tolist() == [3, 4]


def test_a_flipped_bit_of_the_network_is_told_where_there_is_a_report(tmp_path, trained):
    whole = (trained / ONNX_FILE).read_bytes()
    at = len(whole) // 2  # in the weights: it still loads and answers
    (tmp_path / ONNX_FILE).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    Recognizer.load(tmp_path)
    (tmp_path / REPORT_FILE).write_bytes((trained / REPORT_FILE).read_bytes())
    with pytest.raises(ArtifactError, match="SHA-256"):
        Recognizer.load(tmp_path)


@pytest.mark.parametrize("name", fuzzing.OTHER_NETWORKS)
def test_networks_of_other_kinds_are_told_or_answer_with_probabilities(name):
    assert check("networks", (fuzzing.OTHER_NETWORKS[name](), False)) in (ANSWER, SENTENCE)


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf, 10**400, "1", None, True])
def test_a_confidence_that_makes_no_sense_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        Confidence(temperature=temperature)
    noted = fuzzing._noted(json.dumps({"temperature": temperature}))
    assert check("networks", (noted, False)) == SENTENCE


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        *(("test", "accuracy", 10**400), ("test", "confusion", [[2**62] * 10] * 10)),
        *(("config", "epochs", 10**400), ("data", "training", "\ud800")),
        ("network", "num_parameters", 1e999),
    ],
)
def test_reports_with_odd_values_are_told_and_the_rest_of_the_dashboard_goes_on(
    trained, part, key, value
):
    report = json.loads((trained / REPORT_FILE).read_bytes())
    report[part][key] = value
    files = {REPORT_FILE: json.dumps(report).encode()}
    assert check("reports, histories, look-alikes", files) in (ANSWER, SENTENCE)
    runs = {f"a/{REPORT_FILE}": files[REPORT_FILE], f"a/{CONFIG_FILE}": b'{"epochs": 1}'}
    assert check("runs and jobs", runs) == SENTENCE


def test_a_history_of_far_too_many_epochs_or_of_none_is_told(tmp_path):
    for rows in ("1,0.5\n" * 10_001, "nan,0.5\n", "1e300,0.5\n", "-1,0.5\n"):
        (tmp_path / HISTORY_FILE).write_text("epoch,accuracy\n" + rows)
        assert "history" in load_run(tmp_path).problem


def test_a_run_whose_name_is_no_text_and_a_folder_as_its_network_spoil_no_other(tmp_path, trained):
    (tmp_path / "\udcff").mkdir()
    (tmp_path / "run" / ONNX_FILE).mkdir(parents=True)
    (tmp_path / "run" / REPORT_FILE).write_bytes((trained / REPORT_FILE).read_bytes())
    assert [run.name for run in load_runs(tmp_path)] == ["run"]
    assert load_runs(tmp_path / ("a" * 5000)) == []


@pytest.mark.parametrize(
    "change",
    [
        *({"pid": -1}, {"pid": 0}, {"pid": 10**30}, {"run": ".."}, {"run": "\x00"}, {"epochs": -1}),
        *({"run": ""}, {"run": "a" * 5000}, {"run": "a\nb"}, {"epochs": 10**400}),
    ],
)
def test_a_note_on_the_last_run_that_something_else_changed_signals_nobody(tmp_path, change):
    note = vars(training_jobs.Job(fuzzing.RUN, 60, 4_000_000, "")) | change
    assert check("runs and jobs", {training_jobs.JOB_FILE: json.dumps(note).encode()}) == SENTENCE


def test_times_and_shares_that_are_none_are_not_told():
    for seconds in (math.nan, math.inf, -1.0):
        status = training_jobs.Status("running", "run", 9, [{"epoch": 1.0, "seconds": seconds}])
        assert training_run.progress_words(status) == "Epoch 2 of 9"
    for accuracy in ("good", math.nan, 7.0, None, [1]):
        status = training_jobs.Status("finished", "run", report={"test": {"accuracy": accuracy}})
        assert training_run.finished_words(status) == "The run run has finished."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("epochs", "1"), ("epochs", 1.5), ("epochs", 0), ("epochs", True), ("seed", -1)),
        *(("preset", []), ("preset", "x"), ("modern", 1), ("learning_rate", math.nan)),
        ("weight_decay", 10**400),
    ],
)
def test_settings_of_a_run_that_make_no_sense_are_told(tmp_path, key, value):
    config = vars(PRESETS["digitpad"]) | {key: value}
    (tmp_path / CONFIG_FILE).write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match=key):
        load_config(tmp_path)


def test_what_a_browser_says_was_pressed_marked_or_clicked_is_checked():
    shown = np.array([3, 5])
    assert image_grid.pressed(5, shown) == 5
    for sent in (4, [3], [3, 5], {}, "3", None, 3.0, 10**400, math.nan):
        assert image_grid.pressed(sent, shown) is None
    assert image_map.marked_bounds({"x": [0.5, -0.5], "y": [1, 0]}) == [-0.5, 0.5, 0, 1]
    for odd in (None, [], {"x": [1]}, {"x": "ab", "y": "cd"}, {"x": [1, []], "y": [1, 2]}):
        assert image_map.marked_bounds(odd) == []
    assert mistakes.clicked_pair([{"label": 4, "predicted": 9}]) == (4, 9)
    for odd in (None, {}, [], [[]], [{}], "cells", 7):
        assert mistakes.clicked_pair(odd) is None


def test_a_drawing_in_a_form_that_the_canvas_itself_trips_over_is_told():
    app = AppTest.from_file(str(fuzzing.ROOT / "app_pages" / "draw.py"), default_timeout=60)
    app.session_state["canvas"] = {"drawing": [1, 2], "backgroundFit": {"x": 1}}
    app.run()
    assert not app.exception and "can't be read" in app.warning[0].value


def test_mcnemars_test_of_many_misses_takes_no_seconds_and_is_as_exact_as_before():
    start = time.process_time()
    many = evaluation.mcnemar(list(range(30_000)), list(range(30_000, 60_000)))
    assert many["p"] == 1 and time.process_time() - start < MOST_SECONDS
    for only_a, only_b in ((3, 9), (0, 5), (20, 21), (0, 0)):
        found = evaluation.mcnemar(list(range(only_b)), list(range(100, 100 + only_a)))
        num, few = only_a + only_b, min(only_a, only_b)
        tail = sum(math.comb(num, k) for k in range(few + 1))
        assert found["p"] == min(1.0, 2 * tail / 2**num)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("network", b"\xff\xfe"), ("strokes", "[[[1," + "9" * 400 + "]]]")),
        *(("strokes", "[" * 100_000), ("label", 3.5), ("frame", b"x" * 3), ("time", 7)),
    ],
)
def test_one_damaged_row_spoils_no_other_and_can_be_deleted(column, value, corrections_open):
    store = Corrections()
    fuzzing.spoil_corrections({"rows": [(column, 1, value)]}, store)
    readable, unreadable = store.load_readable()
    assert [each.id for each in readable] == [3, 1] or [each.id for each in readable] == [1, 3]
    assert [each.id for each in unreadable] == [2]
    with pytest.raises(CorrectionsError, match=r"Correction 2 .* Delete it on the Corrections"):
        store.load()
    app = AppTest.from_file(str(fuzzing.ROOT / "app_pages" / "corrections.py"), default_timeout=60)
    fuzzing.settled(app.run())
    assert "Correction 2 can't be read" in app.warning[0].value and len(app.checkbox) == 3
    app.checkbox(key="correction-2").check()
    fuzzing.settled(app.run())
    next(button for button in app.button if button.label == "Delete 1 selected").click()
    fuzzing.settled(app.run())
    assert not app.warning and sorted(each.id for each in store.load()) == [1, 3]


@pytest.mark.parametrize("kind", [*fuzzing.SCHEMAS, *fuzzing.PLACES])
def test_files_of_corrections_that_are_none_are_told(kind, monkeypatch):
    monkeypatch.setattr(corrections, "WORK_TIMEOUT", 0.3)
    part = "schema" if kind in fuzzing.SCHEMAS else "place"
    assert check("corrections", {part: kind}) in (ANSWER, SENTENCE)


def test_a_full_disk_and_a_name_that_no_file_can_have_are_told():
    resource = pytest.importorskip("resource")
    store = Corrections()
    fuzzing._keep(store, 0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        assert fuzzing.told(lambda: fuzzing._keep(store, 1)) == SENTENCE
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(store.load()) == 1
    for path in ("a" * 5000, "a\x00b"):
        fuzzing.told(Corrections(path).load)
        assert fuzzing.told(lambda path=path: fuzzing._keep(Corrections(path), 0)) == SENTENCE


def test_curves_of_odd_numbers_are_drawn_without_a_warning():
    rows = [{"epoch": float(at), "loss": 10.0 ** (at * 150)} for at in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(run_tables.curves({"": rows}, 0.9, True)) == 2
