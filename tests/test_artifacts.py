"""Files are whole or untouched, and damaged ones are told in a sentence."""

import json

import pytest

from model import artifacts
from model.errors import ArtifactError


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


def test_a_history_comes_back_as_it_was_written(tmp_path):
    history = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]
    artifacts.save_history(tmp_path / "history.csv", history)
    assert artifacts.load_history(tmp_path / "history.csv") == history
    assert artifacts.load_history(tmp_path / "none.csv") == []


@pytest.mark.parametrize("content", ["epoch,loss\n1,abc\n", "epoch,loss\n1\n", "\x00\n1\n"])
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


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"run": 1}', "\xff"])
def test_a_damaged_report_is_told(tmp_path, content):
    (tmp_path / artifacts.REPORT_FILE).write_bytes(content.encode("latin-1"))
    with pytest.raises(ArtifactError, match=r"report\.json"):
        artifacts.load_report(tmp_path)


def test_a_missing_report_is_told(tmp_path):
    with pytest.raises(ArtifactError, match="There is no training report"):
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
    assert artifacts.load_runs(tmp_path / "none") == []


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
    (tmp_path / artifacts.ONNX_FILE).write_bytes(b"network")
    assert artifacts.version_key(tmp_path) > 0


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
    assert sorted(path.name for path in out.iterdir()) == sorted(artifacts.PUBLISHED)
