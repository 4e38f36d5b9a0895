"""Runs' folders are read as far as they can be, and damage is one sentence."""

import pytest

from model.errors import ArtifactError
from model.files import runs
from model.files.atomic import save_json, sha256


def make_run(folder, history="epoch\n1\n", **changes) -> dict:
    """A finished run without a real network."""
    folder.mkdir(exist_ok=True)
    (folder / runs.ONNX_FILE).write_bytes(b"network")
    report = {
        "run": folder.name,
        "trained_at": "now",
        "config": {},
        "data": {},
        "network": {"sha256": sha256(folder / runs.ONNX_FILE)},
        "test": {"accuracy": 0.5},
    }
    save_json(folder / runs.CONFIG_FILE, {"preset": "a"})
    (folder / runs.HISTORY_FILE).write_text(history)
    save_json(folder / runs.REPORT_FILE, {**report, **changes})
    return {**report, **changes}


@pytest.mark.parametrize("history", [[], [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]])
def test_a_history_comes_back_as_written(tmp_path, history):
    runs.save_history(tmp_path / "history.csv", history)
    assert runs.load_history(tmp_path / "history.csv") == history


def test_a_missing_history_is_empty(tmp_path):
    assert runs.load_history(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    "content",
    [
        *("epoch,loss\n1,abc\n", "epoch,loss\n1\n", "epoch,loss\n1,2,3\n", "\x00\n1\n"),
        *('epoch,loss\n1,"0.5\n2,0.3\n', "loss\n1\n", "epoch,loss\n1," + "9" * 200_000 + "x\n"),
    ],
    ids=range(7),
)
def test_a_damaged_history_is_an_error(tmp_path, content):
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(ArtifactError, match=r"history.csv"):
        runs.load_history(tmp_path / "history.csv")


def test_a_report_belongs_to_the_network_beside_it(tmp_path):
    report = make_run(tmp_path)
    assert runs.load_report(tmp_path) == runs.check_network(tmp_path) == report
    (tmp_path / runs.ONNX_FILE).write_bytes(b"another network")
    with pytest.raises(ArtifactError, match="damaged or was replaced"):
        runs.check_network(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"run": 1}', "\xff", "[" * 100_000], ids=range(7)
)
def test_a_damaged_report_is_an_error(tmp_path, content):
    (tmp_path / runs.REPORT_FILE).write_bytes(content.encode("latin-1"))
    with pytest.raises(ArtifactError, match=r"report\.json"):
        runs.load_report(tmp_path)


@pytest.mark.parametrize("network", [None, [], "network", {}, {"sha256": 1}])
def test_a_report_without_a_network_hash_is_an_error(tmp_path, network):
    make_run(tmp_path, network=network)
    with pytest.raises(ArtifactError, match=r"report\.json"):
        runs.load_report(tmp_path)


def test_a_missing_report_says_how_to_train(tmp_path):
    with pytest.raises(ArtifactError, match=r"There is no training report .*train\.py"):
        runs.load_report(tmp_path)


def test_runs_come_newest_first_with_their_problems(tmp_path):
    make_run(tmp_path / "1")
    make_run(tmp_path / "2", history="epoch,loss\n1,")
    (tmp_path / "2" / runs.REPORT_FILE).write_text("{")
    (tmp_path / "3").mkdir()  # begun a moment ago
    (tmp_path / "a file").touch()
    third, second, first = runs.load_runs(tmp_path)
    assert (first.name, first.problem, first.history) == ("1", "", [{"epoch": 1.0}])
    assert first.report
    assert second.name == "2" and second.config == {"preset": "a"} and second.report is None
    assert "history" in second.problem and "report" in second.problem
    assert "configuration" in third.problem and "report" not in third.problem


def test_a_missing_runs_folder_holds_no_runs(tmp_path):
    assert runs.load_runs(tmp_path / "none") == []


def test_the_newest_unfinished_run_has_a_checkpoint_and_no_report(tmp_path):
    for name, preset in (("1", "a"), ("2", "a"), ("3", "b")):
        run = tmp_path / name
        make_run(run)
        (run / runs.REPORT_FILE).unlink()
        save_json(run / runs.CONFIG_FILE, {"preset": preset})
        (run / runs.CHECKPOINT_FILE).touch()
    assert runs.newest_unfinished(tmp_path, "a") == tmp_path / "2"
    make_run(tmp_path / "2")
    assert runs.newest_unfinished(tmp_path, "a") == tmp_path / "1"
    assert runs.newest_unfinished(tmp_path, "c") is None


def test_two_runs_of_one_second_get_their_own_folders(tmp_path):
    folders = {runs.start_run({}, tmp_path, "tutorial") for _ in range(3)}
    assert len(folders) == 3 and all((folder / runs.CONFIG_FILE).exists() for folder in folders)


def test_each_run_that_read_the_test_set_counts_once(tmp_path):
    counts = [runs.count_test_read(tmp_path / name) for name in "aba"]
    assert counts == [1, 2, 2] and runs.load_runs(tmp_path) == []


def test_the_shipped_files_belong_together(trained):
    assert {path.name for path in trained.iterdir()} == {*runs.NETWORK_FILES, runs.INT8_FILE}
    report = runs.check_network(trained)
    assert report["network"]["num_bytes"] == (trained / runs.ONNX_FILE).stat().st_size
    history = runs.load_history(trained / runs.HISTORY_FILE)
    epochs = range(1, report["config"]["epochs"] + 1)
    assert [row["epoch"] for row in history] == list(epochs)
