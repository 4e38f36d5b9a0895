"""The command shows how far it is, names shards that failed, and ends with one sentence."""

import pytest

from model.archive.scoring import Outcome, score
from ops import archives
from tests.archives import archive_of
from tests.support import TRAINED


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Scores two files in this process; the second has no output if it is told so."""
    archive_of(tmp_path / "in", 2, 10)

    def command(fails: bool = False) -> int:
        def engine(planned, _engine, _num_workers):
            first, second = planned.shards
            yield score(first, planned.job)
            yield Outcome(second.name, problem="Why.") if fails else score(second, planned.job)

        monkeypatch.setattr(archives, "score_all", engine)
        return archives.score_archive(
            [str(tmp_path / "in")],
            str(tmp_path / "out"),
            TRAINED,
            photo=False,
            part="0/1",
            engine="processes",
            num_workers=1,
        )

    return command


def test_a_terminal_gets_a_bar_with_rate_and_time_left(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run() == 0
    out, err = capsys.readouterr()
    assert "2/2 [00:" in err and "<00:00" in err and "rows/s" in err
    assert out.startswith("2 shards with 20 rows are written to ") and out.count("\n") == 1


def test_a_failed_shard_is_named_and_ends_with_status_1(run, capsys):
    assert run(fails=True) == 1
    out, err = capsys.readouterr()
    assert err == "01.parquet: Why.\n" and "1 shards with 10 rows" in out and "1 have failed" in out
