"""Files are whole or untouched, and damaged ones are told in a sentence."""

import json
import os
from dataclasses import dataclass

import pytest

from model.errors import ArtifactError
from model.files import artifacts


def report_for(folder, **changes) -> dict:
    (folder / artifacts.ONNX_FILE).write_bytes(b"network")
    report = {
        "run": "r",
        "trained_at": "now",
        "config": {},
        "data": {},
        "network": {"sha256": artifacts.sha256(folder / artifacts.ONNX_FILE)},
        "test": {"accuracy": 0.5},
    }
    return {**report, **changes}


def test_a_write_that_fails_half_way_keeps_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    artifacts.save_json(path, {"old": 1})

    def fail(temporary):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ArtifactError, match="No space left"):
        artifacts.write_atomically(path, fail)
    assert json.loads(path.read_text()) == {"old": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]


def test_a_write_that_is_interrupted_keeps_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    artifacts.save_json(path, {"old": 1})

    def stop(temporary):
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        artifacts.write_atomically(path, stop)
    with pytest.raises(ValueError, match="JSON"):
        artifacts.save_json(path, {"accuracy": float("nan")})
    assert artifacts.load_json(path, "report") == {"old": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]


def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="can't be written"):
        artifacts.save_json(tmp_path / "file" / "report.json", {})


def test_a_history_comes_back_as_it_was_written(tmp_path):
    history = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    artifacts.save_history(tmp_path / "history.csv", history)
    assert artifacts.load_history(tmp_path / "history.csv") == history
    assert artifacts.load_history(tmp_path / "none.csv") == []
    artifacts.save_history(tmp_path / "empty.csv", [])
    assert artifacts.load_history(tmp_path / "empty.csv") == []


@pytest.mark.parametrize(
    "content",
    [
        *("epoch,loss\n1,abc\n", "epoch,loss\n1\n", "epoch,loss\n1,2,3\n", "\x00\n1\n"),
        *('epoch,loss\n1,"0.5\n2,0.3\n', "loss\n1\n", "epoch,loss\n1," + "9" * 200_000 + "x\n"),
    ],
    ids=range(7),
)
def test_a_damaged_history_is_told(tmp_path, content):
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(ArtifactError, match=r"history.csv"):
        artifacts.load_history(tmp_path / "history.csv")


def test_a_report_is_read_when_it_speaks_of_the_network_beside_it(tmp_path):
    report = report_for(tmp_path)
    artifacts.save_json(tmp_path / artifacts.REPORT_FILE, report)
    assert artifacts.load_report(tmp_path) == report
    (tmp_path / artifacts.ONNX_FILE).write_bytes(b"another network")
    with pytest.raises(ArtifactError, match="another network"):
        artifacts.load_report(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"run": 1}', "\xff", "[" * 100_000], ids=range(7)
)
def test_a_damaged_report_is_told(tmp_path, content):
    (tmp_path / artifacts.REPORT_FILE).write_bytes(content.encode("latin-1"))
    with pytest.raises(ArtifactError, match=r"report\.json"):
        artifacts.load_report(tmp_path)


@pytest.mark.parametrize("network", [None, [], "network", {}])
def test_a_report_that_names_no_network_is_told(tmp_path, network):
    artifacts.save_json(tmp_path / artifacts.REPORT_FILE, report_for(tmp_path, network=network))
    with pytest.raises(ArtifactError, match=r"report\.json"):
        artifacts.load_report(tmp_path)


def test_a_missing_report_is_told(tmp_path):
    with pytest.raises(ArtifactError, match=r"There is no training report .*train\.py"):
        artifacts.load_report(tmp_path)


def test_runs_come_newest_first_and_a_half_written_one_says_so(tmp_path):
    good, half = tmp_path / "20260102-a", tmp_path / "20260103-b"
    good.mkdir(), half.mkdir()
    artifacts.save_json(good / artifacts.CONFIG_FILE, {"preset": "a"})
    artifacts.save_json(good / artifacts.REPORT_FILE, report_for(good))
    (half / artifacts.HISTORY_FILE).write_text("epoch,loss\n1,")
    first, second = artifacts.load_runs(tmp_path)
    assert first.name == half.name and first.report is None
    assert "configuration" in first.problem and "history" in first.problem
    assert second.name == good.name and second.problem == "" and second.report
    assert "report" not in first.problem  # it simply has none yet
    assert artifacts.load_runs(tmp_path / "none") == []


def test_one_damaged_run_does_not_hide_the_others(tmp_path):
    for name in ("1", "2", "3"):
        (tmp_path / name).mkdir()
        artifacts.save_json(tmp_path / name / artifacts.CONFIG_FILE, {"preset": "a"})
        artifacts.save_history(tmp_path / name / artifacts.HISTORY_FILE, [{"epoch": 1.0}])
    (tmp_path / "2" / artifacts.HISTORY_FILE).write_bytes(b"\xff\xfe\x00garbage")
    (tmp_path / "2" / artifacts.REPORT_FILE).write_text("{")
    (tmp_path / "a file").touch()
    runs = artifacts.load_runs(tmp_path)
    assert [run.name for run in runs] == ["3", "2", "1"]
    assert [bool(run.problem) for run in runs] == [False, True, False]
    assert runs[1].config == {"preset": "a"} and runs[1].history == [] and runs[1].report is None
    assert runs[0].history == [{"epoch": 1.0}]


def test_the_newest_unfinished_run_has_a_checkpoint_and_no_report(tmp_path):
    for name, preset in (("1", "a"), ("2", "a"), ("3", "b")):
        (tmp_path / name).mkdir()
        artifacts.save_json(tmp_path / name / artifacts.CONFIG_FILE, {"preset": preset})
        (tmp_path / name / artifacts.CHECKPOINT_FILE).touch()
    assert artifacts.newest_unfinished(tmp_path, "a") == tmp_path / "2"
    artifacts.save_json(tmp_path / "2" / artifacts.REPORT_FILE, report_for(tmp_path / "2"))
    assert artifacts.newest_unfinished(tmp_path, "a") == tmp_path / "1"
    assert artifacts.newest_unfinished(tmp_path, "c") is None


def test_the_version_changes_with_the_network_file(tmp_path):
    assert artifacts.version_key(tmp_path) == 0
    path = tmp_path / artifacts.ONNX_FILE
    path.write_bytes(b"network")
    first = artifacts.version_key(tmp_path)
    os.utime(path, ns=(first + 1000, first + 1000))
    assert 0 < first != artifacts.version_key(tmp_path)


def test_publishing_puts_the_report_last(tmp_path, monkeypatch):
    run, out = tmp_path / "run", tmp_path / "out"
    run.mkdir()
    for name in artifacts.PUBLISHED:
        (run / name).write_text(name)
    order = []
    replace = artifacts.os.replace
    monkeypatch.setattr(artifacts.os, "replace", lambda a, b: (order.append(b.name), replace(a, b)))
    artifacts.publish(run, out)
    assert order[-1] == artifacts.REPORT_FILE
    assert order[0] == artifacts.ONNX_FILE
    assert sorted(path.name for path in out.iterdir()) == sorted(artifacts.PUBLISHED)


def test_publishing_that_fails_half_way_leaves_the_old_network_whole(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for run in (old, new):
        run.mkdir()
        for name in artifacts.PUBLISHED:
            (run / name).touch()
        artifacts.save_json(run / artifacts.REPORT_FILE, report_for(run))
    (new / artifacts.ONNX_FILE).write_bytes(b"a new network")
    artifacts.publish(old, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    (new / artifacts.HISTORY_FILE).unlink()
    with pytest.raises(ArtifactError, match=r"can't be written: .*history\.csv"):
        artifacts.publish(new, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert artifacts.load_report(tmp_path / "out")


@dataclass(frozen=True)
class Settings:
    epochs: int
    seed: int


def test_settings_come_back_and_those_of_another_version_are_refused():
    settings = artifacts.config_from_json(Settings, {"epochs": 2, "seed": 1})
    assert settings == Settings(2, 1)
    with pytest.raises(ArtifactError, match="differ in seed"):
        artifacts.config_from_json(Settings, {"epochs": 2})
    with pytest.raises(ArtifactError, match="differ in dropout"):
        artifacts.config_from_json(Settings, {"epochs": 2, "seed": 1, "dropout": 0.1})


def test_all_that_is_published_ships(trained):
    assert {path.name for path in trained.iterdir()} == set(artifacts.PUBLISHED)


def test_the_shipped_files_belong_together(trained):
    report = artifacts.load_report(trained)
    assert report["network"]["num_bytes"] == (trained / artifacts.ONNX_FILE).stat().st_size
    history = artifacts.load_history(trained / artifacts.HISTORY_FILE)
    epochs = range(1, report["config"]["epochs"] + 1)
    assert [row["epoch"] for row in history] == list(epochs)


def test_each_run_that_read_the_test_set_is_counted_once(tmp_path):
    assert artifacts.log_test_read(tmp_path / "a") == 1
    assert artifacts.log_test_read(tmp_path / "b") == 2
    assert artifacts.log_test_read(tmp_path / "a") == 2
    assert artifacts.load_runs(tmp_path) == []
