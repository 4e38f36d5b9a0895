"""The Train page: start, watch, stop, resume and serve."""

import shutil
import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from model.errors import TrainingError
from model.files import runs, served
from model.files.progress import Judging, Progress, StepLog, save_progress
from model.files.training_lock import name_training, training_lock
from model.learning.config import PRESETS, start_run
from ops import training_jobs
from tests.support import job_of, until
from tests.ui.pages import (
    button,
    buttons,
    chart_specs,
    has_text,
    opened,
    page,
    press,
    select,
    settled,
    turn_on,
)
from ui.owner import training_run


def goes(monkeypatch, way: str) -> None:
    monkeypatch.setenv("FAKE_TRAINER", way)


def start(preset: str = "tutorial", epochs: int = 3, seed: int = 9999) -> AppTest:
    """The page after a visitor has started a run."""
    app = opened("train")
    app.selectbox[0].set_value(preset)
    app = settled(app.run())
    app.number_input[0].set_value(epochs)
    app.number_input[1].set_value(seed)
    return press(app, "Start")


def ended_run(jobs) -> str:
    until(lambda: not jobs.status().is_on)
    return jobs.status().run


def test_the_train_page_is_off_unless_it_is_turned_on(jobs, monkeypatch):
    monkeypatch.delenv("DIGITPAD_TRAINING")
    app = opened("train")
    assert "DIGITPAD_TRAINING=on streamlit run app.py" in app.info[0].value
    assert not app.button and not app.number_input


def test_a_page_that_was_turned_off_meanwhile_starts_nothing(jobs, monkeypatch):
    app = opened("train")
    monkeypatch.setenv("DIGITPAD_TRAINING", "off")
    app = press(app, "Start")
    assert "is off" in app.info[0].value and not jobs.runs.exists()


def test_before_the_first_run_the_page_says_how_long_one_takes(jobs):
    app = opened("train")
    assert app.number_input[0].value == PRESETS["digitpad"].epochs and buttons(app) == ["Start"]
    told = app.caption[0].value
    assert "An epoch took 170 s" in told and "about 2.6 hours" in told
    assert has_text(app.markdown, "20261127-035240-digitpad** is served")
    app.selectbox[0].set_value("tutorial")
    app = settled(app.run())
    assert app.number_input[0].value == 10
    assert not has_text(app.caption, "An epoch took")  # nobody knows


def test_a_run_is_started_watched_stopped_and_resumed(jobs, monkeypatch):
    goes(monkeypatch, "holds")
    app = start()
    until(lambda: jobs.status().history)
    app = settled(app.run())
    assert buttons(app) == ["Stop"] and not app.number_input
    bar = app.get("progress")[0].proto
    assert bar.text == "Epoch 2 of 3: about 1 minute left" and bar.value == 33
    assert len(app.get("vega_lite_chart")) == 1 and not app.code
    app = turn_on(app, "Log")
    assert app.code[0].value == "epoch 1 of 3"
    assert "Share wrong by step" in chart_specs(app)[0]
    app = settled(app.button_group(key="run-by").set_value("epoch").run())
    assert "Share wrong by epoch" in chart_specs(app)[0]
    other = opened("train")
    assert buttons(other) == ["Stop"]  # another visitor sees the same run
    press(app, "Stop")
    run = ended_run(jobs)
    app = settled(app.run())
    assert f"{run} was stopped after 1 of 3 epochs" in app.info[0].value
    assert buttons(app) == ["Resume", "Start"]
    goes(monkeypatch, "finishes")
    press(app, "Resume")
    assert ended_run(jobs) == run
    assert "99.99%" in settled(app.run()).success[0].value


def test_a_training_in_a_terminal_is_watched_and_none_starts_beside_it(jobs):
    start()
    ended_run(jobs)
    late = opened("train")
    run = start_run(replace(PRESETS["tutorial"], epochs=2), jobs.runs)
    with training_lock(jobs.runs):
        name_training(jobs.runs, run.name)
        StepLog(run, 0).add(5, 0.1, 2.0, 0.5)
        save_progress(run, Progress(1, 10, 50, 2.0))
        late = press(late, "Start")
        assert f"A run is on, {run.name}, since 20" in late.warning[0].value
        app = opened("train")
        assert f"{run.name}, since 20" in app.info[0].value and "Ctrl-C" in app.info[0].value
        assert "Start" not in buttons(app) and "Stop" not in buttons(app)
        assert app.get("progress")[0].proto.text.startswith("Epoch 1 of 2, step 10 of 50")
        assert "Share wrong by step over 1 steps" in chart_specs(app)[0]
        with pytest.raises(TrainingError, match="stop it there, with Ctrl-C"):
            jobs.stop()
        name_training(jobs.runs, "the sweep rates")
        app = opened("train")
        assert "the sweep rates, since 20" in app.info[0].value and not app.get("progress")
    assert "Start" in buttons(settled(app.run()))


def test_two_visitors_who_start_at_once_get_one_run(jobs, monkeypatch):
    goes(monkeypatch, "holds")
    late = opened("train")
    start()
    late = press(late, "Start")
    assert "A run is on, " in late.warning[0].value and buttons(late) == ["Stop"]
    assert len([path for path in jobs.runs.iterdir() if path.is_dir()]) == 1


def test_a_failed_run_shows_its_last_lines(jobs, monkeypatch):
    goes(monkeypatch, "refuses")
    start()
    ended_run(jobs)
    app = opened("train")
    assert "then start a new one" in app.error[0].value
    assert "no folder nowhere" in app.code[0].value and buttons(app) == ["Start"]
    goes(monkeypatch, "crashes")
    press(app, "Start")
    ended_run(jobs)
    app = settled(app.run())
    assert "then resume it" in app.error[0].value and "MemoryError" in app.code[0].value


def test_a_run_stopped_before_its_first_epoch_is_not_resumable(jobs, monkeypatch):
    goes(monkeypatch, "waits")
    press(start(), "Stop")
    ended_run(jobs)
    app = opened("train")
    assert "can't be resumed" in app.info[0].value and buttons(app) == ["Start"]


def test_a_finished_network_is_served_and_the_former_one_comes_back(jobs):
    shipped = runs.load_report(served.SHIPPED)["run"]
    start("digitpad")
    run = ended_run(jobs)
    app = press(page("train").run(), "Serve this network")
    assert has_text(app.markdown, f"{run}** is served")
    back = f"Go back to the previous network, {shipped}"
    assert back in buttons(app) and "Serve this network" not in buttons(app)
    app = press(app, back)
    assert has_text(app.markdown, f"{shipped}** is served")
    assert f"Go back to the previous network, {run}" in buttons(app)


def test_the_run_that_has_just_finished_is_compared_and_served_from_its_banner(jobs):
    start("digitpad")
    run = ended_run(jobs)
    app = page("train").run()
    assert has_text(app.markdown, "not statistically significant")
    app = press(app, "Serve it now")
    assert has_text(app.markdown, f"{run}** is served") and "Serve it now" not in buttons(app)


def test_a_worse_run_is_not_offered_in_its_banner(jobs):
    start("digitpad", seed=9000)
    ended_run(jobs)
    app = opened("train")
    assert "Serve it now" not in buttons(app) and "Serve this network" in buttons(app)


@pytest.mark.parametrize(
    ("history", "progress", "words"),
    [
        (0, None, "1 of 3: starting TensorFlow, about 20 seconds"),
        (0, (1, 50, 200, 10), "1 of 3, step 50 of 200, 5.0 steps a second: about 2 minutes left"),
        (1, (2, 99, 200, 9), "2 of 3, step 99 of 200, 11.0 steps a second: about 1 minute left"),
        (1, (1, 200, 200, 60), "2 of 3: about 2 minutes left"),  # of the epoch before
    ],
)
def test_the_progress_is_told_from_the_first_steps(history, progress, words):
    rows = [{"seconds": 60.0}] * history
    within = progress and Progress(*progress)
    status = training_jobs.Status("running", "a-run", 3, rows, progress=within)
    assert training_run.progress_words(status) == f"Epoch {words}"


def test_after_the_last_epoch_the_page_says_what_is_done_and_how_long_it_takes():
    status = training_jobs.Status("running", "a-run", 3, [{}] * 3)
    assert training_run.progress_words(status).endswith("is being judged, 1 to 3 minutes")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (44, "about 45 s left"),
        (170, "about 3 minutes left"),
        (-5, "which takes longer than usual"),
    ],
)
def test_while_a_network_is_judged_the_page_says_what_and_how_long(seconds, words):
    judging = Judging("look-alikes", time.time() + seconds)
    status = training_jobs.Status("running", "a-run", 3, [{}] * 3, progress=judging)
    told = training_run.progress_words(status)
    assert told == f"All 3 epochs are done; judging: look-alikes, {words}"


def test_the_newest_finished_run_is_offered_first(jobs):
    start("digitpad")
    first = ended_run(jobs)
    app = opened("train")
    assert select(app, "Finished run").value == first
    start("tutorial")
    second = ended_run(jobs)
    app = settled(app.run())
    assert select(app, "Finished run").value == second
    app = settled(select(app, "Finished run").select(first).run())
    assert select(settled(app.run()), "Finished run").value == first  # the owner's own choice
    assert has_text(press(app, "Serve this network").markdown, f"{first}** is served")


def test_a_worse_network_is_served_only_with_force(jobs):
    start("digitpad", seed=9000)
    run = ended_run(jobs)
    app = opened("train")
    serve = button(app, "Serve this network")
    assert "90.00%" in app.warning[0].value and serve.disabled
    app.checkbox[0].check()
    app = press(settled(app.run()), "Serve this network")
    assert has_text(app.markdown, f"{run}** is served")


def test_an_unusable_runs_folder_gets_a_sentence(jobs):
    jobs.runs.touch()
    app = press(page("train").run(), "Start")
    assert "can't be used" in app.warning[0].value


def test_a_damaged_note_on_the_last_run_gets_a_sentence(jobs):
    jobs.runs.mkdir()
    (jobs.runs / training_jobs.JOB_FILE).write_text("{")
    app = opened("train")
    assert "is damaged" in app.warning[0].value and "Start" in buttons(app)


def test_a_run_without_its_folder_gets_a_sentence(jobs):
    start()
    run = ended_run(jobs)
    shutil.rmtree(jobs.runs / run)
    app = opened("train")
    assert f"{run}, is gone" in app.warning[0].value and "Start" in buttons(app)


def test_a_preset_chosen_in_the_moment_of_start_has_its_own_epochs(jobs):
    app = opened("train")
    app.selectbox(key="preset").select("tutorial")
    button(app, "Start").click()  # in the same message as the choice
    settled(app.run())
    assert not app.exception
    assert job_of(jobs).epochs == PRESETS["tutorial"].epochs
