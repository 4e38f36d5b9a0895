"""A run in a process of its own: one at a time, watched, stopped, resumed, served, taken back."""

import os
import signal
import subprocess
import sys

import pytest

from model.errors import ArtifactError, DigitError, TrainingError
from model.files import artifacts, promotion
from model.files.artifacts import CHECKPOINT_FILE, ONNX_FILE, PUBLISHED, REPORT_FILE
from model.learning import data
from ops import training_jobs
from ops.training_jobs import Desk, Job
from tests.support import ROOT, job_of, until

GOOD, BAD = 9999, 9000  # the fake trainer's seeds: test accuracies of 99.99 % and 90 %


def ended(desk: Desk) -> training_jobs.Status:
    until(lambda: not desk.status().is_on)
    return desk.status()


@pytest.fixture
def goes(monkeypatch):
    """Says how the fake trainer goes from now on."""
    return lambda way: monkeypatch.setenv("FAKE_TRAINER", way)


@pytest.fixture
def held(desk, goes) -> Desk:
    """A run of three epochs that has done one and waits to be stopped."""
    goes("holds")
    desk.start("tutorial", 3, 1)
    until(lambda: desk.status().history and desk.log(desk.status().run))
    return desk


def test_a_run_goes_on_by_itself_and_leaves_what_is_served_as_it_was(desk):
    assert desk.status().phase == "idle" and not desk.runs.exists()
    before = (desk.out / ONNX_FILE).read_bytes()
    desk.start("tutorial", 3, GOOD)
    status = ended(desk)
    assert (status.phase, status.epochs, len(status.history)) == ("finished", 3, 3)
    config = artifacts.load_json(desk.runs / status.run / "config.json", "")
    assert (config["preset"], config["epochs"], config["seed"]) == ("tutorial", 3, GOOD)
    assert status.report["run"] == status.run and status.run.endswith("tutorial")
    assert (desk.out / ONNX_FILE).read_bytes() == before
    assert desk.seconds_per_epoch("tutorial") == status.report["seconds_per_epoch"]


def test_a_run_is_watched_while_it_is_on(held):
    status = held.status()
    assert (status.phase, len(status.history), status.epochs) == ("running", 1, 3)
    assert status.seconds_left == 60.0  # the fake says that an epoch takes 30 s
    assert held.log(status.run) == ["epoch 1 of 3"]


def test_a_second_run_is_refused_with_the_firsts_name_from_every_process(held):
    name = held.status().run
    with pytest.raises(TrainingError, match=f"A run is on, {name}"):
        held.start("tutorial", 1, 1)
    with pytest.raises(TrainingError, match="A run is on"):
        Desk().resume()
    script = (
        "from pathlib import Path; from ops.training_jobs import Desk\n"
        f"Desk(Path({str(held.runs)!r}), Path({str(held.out)!r})).start('tutorial', 1, 1)"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert f"A run is on, {name}" in other.stderr
    assert len([path for path in held.runs.iterdir() if path.is_dir()]) == 1


def test_a_run_outlives_the_app_that_started_it(desk, goes):
    goes("holds")
    script = (
        "from pathlib import Path; from ops import training_jobs\n"
        f"training_jobs.TRAINER = Path({str(training_jobs.TRAINER)!r})\n"
        f"desk = training_jobs.Desk(Path({str(desk.runs)!r}), Path({str(desk.out)!r}))\n"
        "desk.start('tutorial', 2, 1)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert desk.status().phase == "running"
    job = job_of(desk)
    assert os.getsid(job.pid) == job.pid  # no Ctrl-C at the app's terminal reaches it
    until(lambda: desk.status().history)
    desk.stop()
    assert ended(desk).phase == "stopped"


def test_a_stopped_run_keeps_its_checkpoint_and_is_resumed(held, goes):
    held.stop()
    status = ended(held)
    assert status.phase == "stopped" and status.can_resume and len(status.history) == 1
    assert training_jobs.STOPPED in held.log(status.run)[-1]
    goes("waits")
    held.resume()
    os.kill(job_of(held).pid, signal.SIGKILL)
    assert ended(held).phase == "crashed"  # what it said before is not how it ended now
    goes("finishes")
    Desk().resume()  # as after the app's restart
    again = ended(held)
    assert (again.phase, again.run) == ("finished", status.run)
    assert [row["epoch"] for row in again.history] == [1, 2, 3]
    with pytest.raises(TrainingError, match="has finished"):
        held.resume()
    with pytest.raises(TrainingError, match="nothing to stop"):
        held.stop()


def test_a_run_that_does_not_listen_is_killed_after_a_grace(desk, goes, monkeypatch):
    monkeypatch.setattr(training_jobs, "GRACE", 0.3)
    goes("deaf")
    desk.start("tutorial", 2, 1)
    until(lambda: desk.status().history)
    desk.stop()
    assert desk.status().phase in ("stopping", "stopped")
    assert ended(desk).can_resume


def test_a_run_stopped_before_its_first_checkpoint_can_not_be_resumed(desk, goes):
    goes("waits")
    desk.start("tutorial", 2, 1)
    desk.stop()
    status = ended(desk)
    assert status.phase == "stopped" and not status.can_resume and not status.history
    with pytest.raises(TrainingError, match="no run with a checkpoint"):
        desk.resume()


def test_a_crash_is_told_from_a_stop_and_shows_its_last_lines(desk, goes):
    goes("crashes")
    desk.start("tutorial", 2, 1)
    status = ended(desk)
    assert status.phase == "crashed" and status.can_resume
    assert desk.log(status.run)[-1] == "MemoryError: no room for the next epoch"
    goes("refuses")
    desk.start("tutorial", 2, 1)
    status = ended(desk)
    assert status.phase == "crashed" and not status.can_resume
    assert "no folder nowhere" in desk.log(status.run)[-1]


def test_a_run_killed_from_outside_leaves_no_lock_behind(held, goes):
    os.kill(job_of(held).pid, signal.SIGKILL)
    status = ended(held)
    assert status.phase == "crashed" and status.can_resume
    assert (held.runs / training_jobs.LOCK_FILE).exists()  # the file alone means nothing
    goes("finishes")
    held.start("tutorial", 1, 1)
    assert ended(held).phase == "finished"


def test_a_number_that_another_process_got_is_never_signalled(held):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        noted = job_of(held)
        held._note(Job(noted.run, 3, other.pid, noted.started + "0"))
        with pytest.raises(TrainingError, match="can't be found"):
            held.stop()
        assert other.poll() is None
        other.communicate(b"\n")
    held._note(noted)


def test_while_it_is_off_nothing_is_started_stopped_or_served(held, monkeypatch):
    for value in ("off", "", "yes"):
        monkeypatch.setenv(training_jobs.TRAINING_VARIABLE, value)
        for action in (
            lambda: held.start("tutorial", 1, 1),
            held.resume,
            held.stop,
            lambda: held.promote(held.status().run, force=True),
            held.go_back,
        ):
            with pytest.raises(TrainingError, match="DIGITPAD_TRAINING=on"):
                action()
    assert held.status().phase == "running"


@pytest.mark.parametrize(
    ("preset", "epochs", "seed"),
    [("lenet", 1, 1), ("tutorial", 0, 1), ("tutorial", 100_000, 1), ("tutorial", 1, -1)],
)
def test_settings_that_make_no_sense_start_nothing(desk, preset, epochs, seed):
    with pytest.raises(TrainingError, match="choose among these"):
        desk.start(preset, epochs, seed)
    assert not desk.runs.exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"run": "../x"}'])
def test_a_damaged_note_is_told_and_the_next_run_replaces_it(held, goes, content):
    pid = job_of(held).pid
    path = held.runs / training_jobs.JOB_FILE
    path.write_text(content)
    status = held.status()
    assert status.phase == "running" and "is damaged" in status.problem
    with pytest.raises(TrainingError, match="is damaged"):
        held.stop()
    with pytest.raises(TrainingError, match="A run is on:"):
        held.start("tutorial", 1, 1)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not held.status().is_on)
    assert held.status().phase == "idle"
    goes("finishes")
    held.start("tutorial", 1, 1)
    assert ended(held).phase == "finished" and not held.status().problem


def test_a_note_that_points_elsewhere_is_damaged(desk):
    desk._note(Job("../elsewhere", 1))
    assert "is damaged" in desk.status().problem


def test_a_folder_that_is_gone_is_told(desk):
    desk.start("tutorial", 1, 1)
    run = ended(desk).run
    for path in (desk.runs / run).iterdir():
        path.unlink()
    (desk.runs / run).rmdir()
    assert desk.status().phase == "gone" and not desk.log(run)
    with pytest.raises(TrainingError, match="no run with a checkpoint"):
        desk.resume()
    with pytest.raises(TrainingError, match="no finished run"):
        desk.promote(run, force=True)


def test_a_folder_that_can_not_be_used_is_told(desk):
    desk.runs.touch()
    for action in (lambda: desk.start("tutorial", 1, 1), desk.status, desk.go_back):
        with pytest.raises(DigitError, match="can't be used"):
            action()


def test_a_better_network_is_served_and_the_former_one_comes_back(desk):
    before = {name: (desk.out / name).read_bytes() for name in PUBLISHED}
    shipped = promotion.origin(desk.out)
    version = artifacts.version_key(desk.out)
    with pytest.raises(ArtifactError):
        desk.go_back()  # there is no former one yet
    desk.start("digitpad", 1, GOOD)
    run = ended(desk).run
    desk.promote(run, force=False)
    assert promotion.origin(desk.out) == run and artifacts.version_key(desk.out) != version
    assert promotion.origin(desk.former) == shipped
    assert artifacts.load_report(desk.out)["run"] == run
    with pytest.raises(TrainingError, match="served already"):
        desk.promote(run, force=True)
    assert promotion.origin(desk.former) == shipped
    desk.go_back()
    assert {name: (desk.out / name).read_bytes() for name in PUBLISHED} == before
    assert promotion.origin(desk.former) == run
    desk.go_back()
    assert promotion.origin(desk.out) == run and promotion.origin(desk.former) == shipped
    assert {path.name for path in desk.out.parent.iterdir()} == {"trained", "former"}


def test_where_the_served_network_is_missing_a_finished_one_is_served(desk):
    desk.start("digitpad", 1, GOOD)
    run = ended(desk).run
    (desk.out / artifacts.ONNX_FILE).unlink()
    assert not promotion.is_served(artifacts.load_report(desk.runs / run), desk.out)
    desk.promote(run, force=True)
    assert promotion.origin(desk.out) == run


def test_a_worse_network_is_served_only_if_forced(desk):
    desk.start("digitpad", 1, BAD)
    run = ended(desk).run
    with pytest.raises(TrainingError, match=r"reads 90.00% .* 97.00% were asked for"):
        desk.promote(run, force=False)
    path = desk.runs / run / REPORT_FILE
    path.write_text(path.read_text().replace('"accuracy": 0.9,', '"accuracy": 0.98,', 1))
    with pytest.raises(TrainingError, match=r"is better: 99.65% .* 98.00%"):
        desk.promote(run, force=False)
    assert promotion.origin(desk.out) != run and not desk.former.exists()
    desk.promote(run, force=True)
    assert promotion.origin(desk.out) == run


def test_a_damaged_network_is_neither_served_nor_gone_back_to_nor_kept(desk):
    desk.start("digitpad", 1, GOOD)
    run = ended(desk).run
    desk.promote(run, force=False)
    (desk.former / ONNX_FILE).write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="damaged"):
        desk.go_back()
    assert promotion.origin(desk.out) == run
    (desk.out / ONNX_FILE).write_bytes(b"damaged too")
    desk.promote(run, force=False)
    assert promotion.origin(desk.out) == run
    assert (desk.former / ONNX_FILE).read_bytes() == b"damaged"  # kept as it was
    (desk.runs / run / REPORT_FILE).write_text("{")
    with pytest.raises(TrainingError, match="no finished run"):
        desk.promote(run, force=True)


@pytest.mark.slow
def test_the_real_trainer_is_stopped_resumed_and_finishes(tmp_path, monkeypatch, tiny_mnist):
    monkeypatch.setenv(training_jobs.TRAINING_VARIABLE, "on")
    trainer = tmp_path / "trainer.py"
    trainer.write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import train\nfrom model.learning import data\n"
        "from model.learning.data import Dataset, bundled_digits\n"
        "digits = bundled_digits()\n"
        "train.load_mnist = lambda *_args, **_options: (digits, digits.take(slice(100), 'some'))\n"
        "sys.exit(train.main())\n"
    )
    monkeypatch.setattr(training_jobs, "TRAINER", trainer)
    desk = Desk(tmp_path / "runs", tmp_path / "out")
    desk.start("tutorial", training_jobs.MAX_EPOCHS, 1)
    until(lambda: len(desk.status().history) >= 2 or not desk.status().is_on, 180)
    assert desk.status().is_on, desk.log(desk.status().run)
    desk.stop()
    until(lambda: not desk.status().is_on, 60)
    status = desk.status()
    assert status.phase == "stopped" and status.can_resume
    assert "--no-publish" in desk.log(status.run)[-1]
    config = desk.runs / status.run / "config.json"
    config.write_text(
        config.read_text().replace(f'"epochs": {training_jobs.MAX_EPOCHS}', '"epochs": 5')
    )
    done = len(status.history)
    desk.resume()
    until(lambda: not desk.status().is_on, 180)
    status = desk.status()
    assert status.phase == "finished", desk.log(status.run)
    assert len(status.history) >= max(done, 5) and not desk.out.exists()
    assert (desk.runs / status.run / CHECKPOINT_FILE).exists()


@pytest.mark.slow
def test_mnist_that_is_missing_is_told_by_the_real_trainer(tmp_path, monkeypatch):
    monkeypatch.setenv(training_jobs.TRAINING_VARIABLE, "on")
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    desk = Desk(tmp_path / "runs", tmp_path / "out")
    desk.start("tutorial", 1, 1)
    until(lambda: not desk.status().is_on, 60)
    status = desk.status()
    assert status.phase == "crashed" and not status.can_resume
    assert "There is no folder" in desk.log(status.run)[-1]
