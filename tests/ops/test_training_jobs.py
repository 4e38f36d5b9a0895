"""Training jobs: one at a time, watched, stopped, resumed, served and taken back."""

import os
import signal
import subprocess
import sys

import pytest

from model.errors import DigitError, TrainingError
from model.files import served
from model.files.atomic import load_json
from model.files.runs import CHECKPOINT_FILE
from model.files.training_lock import LOCK_FILE
from model.reading.recognizer import load_served
from ops import training_jobs
from ops.training_jobs import Job, TrainingJobs
from tests.support import ROOT, job_of, until

GOOD, BAD = 9999, 9000  # the fake trainer's seeds: test accuracies of 99.99 % and 90 %


def ended(jobs: TrainingJobs, timeout: float = 30.0) -> training_jobs.Status:
    until(lambda: not jobs.status().is_on, timeout)
    return jobs.status()


@pytest.fixture
def goes(monkeypatch):
    """Says how the fake trainer goes from now on."""
    return lambda way: monkeypatch.setenv("FAKE_TRAINER", way)


@pytest.fixture
def held(jobs, goes) -> TrainingJobs:
    """A run of three epochs that has done one and waits to be stopped."""
    goes("holds")
    jobs.start("tutorial", 3, 1)
    until(lambda: jobs.status().history and jobs.log(jobs.status().run))
    return jobs


def test_a_run_finishes_by_itself_and_is_not_served(jobs):
    assert jobs.status().phase == "idle" and not jobs.runs.exists()
    jobs.start("tutorial", 3, GOOD)
    status = ended(jobs)
    assert (status.phase, status.epochs, len(status.history)) == ("finished", 3, 3)
    config = load_json(jobs.runs / status.run / "config.json", "")
    assert (config["preset"], config["epochs"], config["seed"]) == ("tutorial", 3, GOOD)
    assert status.report["run"] == status.run and status.run.endswith("tutorial")
    assert served.current(jobs.runs) == served.SHIPPED
    assert jobs.seconds_per_epoch("tutorial") == status.report["seconds_per_epoch"]


def test_a_running_job_shows_its_progress(held):
    status = held.status()
    assert (status.phase, len(status.history), status.epochs) == ("running", 1, 3)
    assert status.seconds_left == 60.0  # the fake says that an epoch takes 30 s
    assert held.log(status.run) == ["epoch 1 of 3"]


def test_a_second_run_is_refused_in_every_process(held):
    name = held.status().run
    with pytest.raises(TrainingError, match=f"A run is on, {name}"):
        held.start("tutorial", 1, 1)
    with pytest.raises(TrainingError, match="A run is on"):
        TrainingJobs().resume()
    script = (
        "from pathlib import Path; from ops.training_jobs import TrainingJobs\n"
        f"TrainingJobs(Path({str(held.runs)!r})).start('tutorial', 1, 1)"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert f"A run is on, {name}" in other.stderr
    assert len([path for path in held.runs.iterdir() if path.is_dir()]) == 1


def test_a_run_outlives_the_app_that_started_it(jobs, goes):
    goes("holds")
    script = (
        "from pathlib import Path; from ops import training_jobs\n"
        f"training_jobs.TRAINER = Path({str(training_jobs.TRAINER)!r})\n"
        f"jobs = training_jobs.TrainingJobs(Path({str(jobs.runs)!r}))\n"
        "jobs.start('tutorial', 2, 1)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert jobs.status().phase == "running"
    job = job_of(jobs)
    assert os.getsid(job.pid) == job.pid  # no Ctrl-C at the app's terminal reaches it
    until(lambda: jobs.status().history)
    jobs.stop()
    assert ended(jobs).phase == "stopped"


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
    TrainingJobs().resume()  # as after the app's restart
    again = ended(held)
    assert (again.phase, again.run) == ("finished", status.run)
    assert [row["epoch"] for row in again.history] == [1, 2, 3]
    with pytest.raises(TrainingError, match="has finished"):
        held.resume()
    with pytest.raises(TrainingError, match="nothing to stop"):
        held.stop()


def test_a_run_that_ignores_the_stop_is_killed(jobs, goes, monkeypatch):
    monkeypatch.setattr(training_jobs, "GRACE", 0.3)
    goes("deaf")
    jobs.start("tutorial", 2, 1)
    until(lambda: jobs.status().history)
    jobs.stop()
    assert jobs.status().phase in ("stopping", "stopped")
    assert ended(jobs).can_resume


def test_without_a_checkpoint_a_run_cannot_be_resumed(jobs, goes):
    goes("waits")
    jobs.start("tutorial", 2, 1)
    jobs.stop()
    status = ended(jobs)
    assert status.phase == "stopped" and not status.can_resume and not status.history
    with pytest.raises(TrainingError, match="no run with a checkpoint"):
        jobs.resume()


def test_a_crash_differs_from_a_stop_and_shows_its_log(jobs, goes):
    goes("crashes")
    jobs.start("tutorial", 2, 1)
    status = ended(jobs)
    assert status.phase == "crashed" and status.can_resume
    assert jobs.log(status.run)[-1] == "MemoryError: no room for the next epoch"
    goes("refuses")
    jobs.start("tutorial", 2, 1)
    status = ended(jobs)
    assert status.phase == "crashed" and not status.can_resume
    assert "no folder nowhere" in jobs.log(status.run)[-1]


def test_a_killed_run_releases_its_lock(held, goes):
    os.kill(job_of(held).pid, signal.SIGKILL)
    status = ended(held)
    assert status.phase == "crashed" and status.can_resume
    assert (held.runs / LOCK_FILE).exists()  # the file alone means nothing
    goes("finishes")
    held.start("tutorial", 1, 1)
    assert ended(held).phase == "finished"


def test_a_reused_process_number_is_never_signalled(held):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        noted = job_of(held)
        held._note(Job(noted.run, 3, other.pid, noted.started + "0"))
        with pytest.raises(TrainingError, match="can't be found"):
            held.stop()
        assert other.poll() is None
        other.communicate(b"\n")
    held._note(noted)


def test_while_training_is_off_nothing_changes(held, monkeypatch):
    for value in ("off", "", "yes"):
        monkeypatch.setenv("DIGITPAD_TRAINING", value)
        for action in (
            lambda: held.start("tutorial", 1, 1),
            held.resume,
            held.stop,
            lambda: held.serve(held.status().run, force=True),
            held.go_back,
        ):
            with pytest.raises(TrainingError, match="DIGITPAD_TRAINING=on"):
                action()
    assert held.status().phase == "running"


@pytest.mark.parametrize(
    ("preset", "epochs", "seed"),
    [("lenet", 1, 1), ("tutorial", 0, 1), ("tutorial", 100_000, 1), ("tutorial", 1, -1)],
)
def test_invalid_settings_start_nothing(jobs, preset, epochs, seed):
    with pytest.raises(TrainingError, match="choose among these"):
        jobs.start(preset, epochs, seed)
    assert not jobs.runs.exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"run": "../x"}'])
def test_the_next_run_replaces_a_damaged_note(held, goes, content):
    pid = job_of(held).pid
    path = held.runs / training_jobs.JOB_FILE
    path.write_text(content)
    status = held.status()
    assert status.phase == "running" and "is damaged" in status.problem
    with pytest.raises(TrainingError, match="is damaged"):
        held.stop()
    (run,) = (each.name for each in held.runs.iterdir() if each.is_dir())
    with pytest.raises(TrainingError, match=f"A run is on, {run}, since 20"):
        held.start("tutorial", 1, 1)
    os.kill(pid, signal.SIGKILL)
    assert ended(held).phase == "idle"
    goes("finishes")
    held.start("tutorial", 1, 1)
    assert ended(held).phase == "finished" and not held.status().problem


def test_a_note_with_a_path_is_damaged(jobs):
    jobs._note(Job("../elsewhere", 1))
    assert "is damaged" in jobs.status().problem


def test_a_deleted_run_is_told(jobs):
    jobs.start("tutorial", 1, 1)
    run = ended(jobs).run
    for path in (jobs.runs / run).iterdir():
        path.unlink()
    (jobs.runs / run).rmdir()
    assert jobs.status().phase == "gone" and not jobs.log(run)
    with pytest.raises(TrainingError, match="no run with a checkpoint"):
        jobs.resume()
    with pytest.raises(TrainingError, match="no finished run"):
        jobs.serve(run, force=True)


def test_a_folder_that_cannot_be_used_is_told(jobs):
    jobs.runs.touch()
    assert jobs.status().phase == "idle"
    with pytest.raises(DigitError, match="can't be used"):
        jobs.start("tutorial", 1, 1)


def finished(jobs, seed: int) -> str:
    """The name of a new run that has finished; the seed says how good its network is."""
    jobs.start("digitpad", 1, seed)
    return ended(jobs).run


def test_a_better_network_is_served_and_the_former_comes_back(jobs):
    with pytest.raises(TrainingError, match="no former network"):
        jobs.go_back()
    shipped = served.trained_by(served.SHIPPED)
    run = finished(jobs, GOOD)
    jobs.serve(run, force=False)
    assert load_served(jobs.runs).version == run
    jobs.go_back()
    assert load_served(jobs.runs).version == shipped
    jobs.go_back()
    assert load_served(jobs.runs).version == run


def test_serving_loads_no_network(jobs, monkeypatch):
    run = finished(jobs, GOOD)
    monkeypatch.setattr("onnxruntime.InferenceSession", None)
    jobs.serve(run, force=False)
    jobs.go_back()


def test_a_worse_network_is_served_only_if_forced(jobs):
    run = finished(jobs, BAD)
    with pytest.raises(TrainingError, match=r"reads 90.00% .* 97.00% were asked for"):
        jobs.serve(run, force=False)
    assert served.current(jobs.runs) == served.SHIPPED
    jobs.serve(run, force=True)
    assert served.current(jobs.runs) == jobs.runs / run


def test_an_unfinished_run_is_not_served(held):
    with pytest.raises(TrainingError, match="no finished run"):
        held.serve(held.status().run, force=True)


@pytest.mark.slow
def test_the_real_trainer_is_stopped_resumed_and_finishes(tmp_path, monkeypatch, tiny_mnist):
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
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
    jobs = TrainingJobs(tmp_path / "runs")
    jobs.start("tutorial", training_jobs.MAX_EPOCHS, 1)
    until(lambda: len(jobs.status().history) >= 2 or not jobs.status().is_on, 180)
    assert jobs.status().is_on, jobs.log(jobs.status().run)
    jobs.stop()
    status = ended(jobs, 60)
    assert status.phase == "stopped" and status.can_resume
    assert "--no-serve" in jobs.log(status.run)[-1]
    config = jobs.runs / status.run / "config.json"
    config.write_text(
        config.read_text().replace(f'"epochs": {training_jobs.MAX_EPOCHS}', '"epochs": 5')
    )
    done = len(status.history)
    jobs.resume()
    status = ended(jobs, 180)
    assert status.phase == "finished", jobs.log(status.run)
    assert len(status.history) >= max(done, 5)
    assert (jobs.runs / status.run / CHECKPOINT_FILE).exists()


@pytest.mark.slow
def test_the_real_trainer_tells_that_mnist_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITPAD_TRAINING", "on")
    monkeypatch.setenv("DIGITPAD_DATA", str(tmp_path / "nowhere"))
    jobs = TrainingJobs(tmp_path / "runs")
    jobs.start("tutorial", 1, 1)
    status = ended(jobs, 60)
    assert status.phase == "crashed" and not status.can_resume
    assert "There is no folder" in jobs.log(status.run)[-1]
