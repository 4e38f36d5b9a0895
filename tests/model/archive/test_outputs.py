"""Outputs are about one network and the same inputs; engines and stores give the same rows."""

import os

import pytest
from pyarrow import fs

from model.archive import places as files
from model.archive.run import check_outputs, plan
from model.archive.scoring import Job, Outcome, score
from model.errors import ArchiveError
from model.files.runs import ONNX_FILE
from tests.archives import archive_of, digits, png_file, rows_of
from tests.archives import score as score_by_command
from tests.support import TRAINED

NUM_ROWS = 20
NETWORK = (TRAINED / ONNX_FILE).read_bytes()
BUCKET = "digits"


@pytest.fixture
def job(tmp_path):
    return Job(NETWORK, str(tmp_path / "out"), run="RUN")


@pytest.fixture
def finished(tmp_path, job):
    """An archive of two files, the first with its output."""
    archive_of(tmp_path / "in", 2, NUM_ROWS)
    planned = plan([str(tmp_path / "in")], job)
    score(planned.shards[0], job)
    return tmp_path / "in"


def test_finished_shards_are_skipped(finished, job):
    planned = plan([str(finished)], job)
    assert [shard.name for shard in planned.shards] == ["01.parquet"] and planned.num_finished == 1


def test_outputs_of_another_network_are_refused(finished, job):
    other = Job(NETWORK + b" ", job.out)
    with pytest.raises(ArchiveError, match=r"00\.parquet was read by another network \(RUN\)"):
        plan([str(finished)], other)
    # Also in a folder to which this run would add other shards.
    with pytest.raises(ArchiveError, match="another network"):
        plan([str(finished / "01.parquet")], other)


def test_outputs_of_other_inputs_or_options_are_refused(finished, job):
    with pytest.raises(ArchiveError, match="was read without --photo"):
        plan([str(finished)], Job(NETWORK, job.out, photo=True))
    (finished / "00.parquet").write_bytes(png_file(digits(NUM_ROWS)))
    with pytest.raises(ArchiveError, match="was made from other files than there are now"):
        plan([str(finished)], job)


def test_a_folder_with_other_files_is_refused(finished, job, tmp_path):
    with pytest.raises(ArchiveError, match=r"00\.parquet is no output of predict\.py"):
        plan([str(finished)], Job(NETWORK, str(finished)))
    (tmp_path / "out" / "x.parquet").write_bytes(b"x")
    with pytest.raises(ArchiveError, match=r"x\.parquet is no output of predict\.py"):
        plan([str(finished)], job)


def test_outputs_on_another_machines_disk_are_missed(finished, job):
    planned = plan([str(finished)], job)
    with pytest.raises(ArchiveError, match="1 of 1 outputs are not in"):
        check_outputs(planned, [Outcome("01.parquet", NUM_ROWS)])


def test_what_a_killed_writer_left_is_hidden_and_removed(finished, job, tmp_path):
    left = tmp_path / "out" / f"{files.PARTIAL}abc-01.parquet"
    left.write_bytes(b"half a fi")
    planned = plan([str(finished)], job)
    score(planned.shards[0], job)
    assert sorted(path.name for path in left.parent.iterdir()) == ["00.parquet", "01.parquet"]


def test_two_writers_of_the_same_file_leave_it_whole(tmp_path, monkeypatch):
    path = str(tmp_path / "x")
    rename = os.replace

    def slower(*names):
        monkeypatch.setattr(os, "replace", rename)
        files.write_whole(path, b"whole")  # the other writer, which ends first
        rename(*names)

    monkeypatch.setattr(os, "replace", slower)
    files.write_whole(path, b"whole")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("x", b"whole")]


def test_the_command_refuses_what_does_not_fit_in_one_sentence(finished, job, tmp_path):
    wrong = score_by_command(finished, "--out", finished)
    assert wrong.returncode == 1 and wrong.stdout == "" and wrong.stderr.count("\n") == 1
    assert "is no output of predict.py" in wrong.stderr


@pytest.fixture
def store(monkeypatch):
    """A server that speaks S3, with an empty bucket."""
    moto = pytest.importorskip("moto.server", reason="needs moto: requirements-dev.txt")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = fs.S3FileSystem(
        endpoint_override=address, scheme="http", allow_bucket_creation=True, region="us-east-1"
    )
    bucket.create_dir(BUCKET)
    files._store.cache_clear()
    yield bucket
    files._store.cache_clear()
    server.stop()


def test_an_archive_in_s3_gives_the_same_rows_as_files_here(finished, job, store, tmp_path):
    (finished / "x.svg").write_bytes(b"<svg>")
    fs.copy_files(str(finished), f"{BUCKET}/in", destination_filesystem=store)
    line = (f"s3://{BUCKET}/in", "--out", f"s3://{BUCKET}/out/scored", "--workers", 1)
    done = score_by_command(*line)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 shards with 41 rows" in done.stdout and "1 say why" in done.stdout
    again = score_by_command(*line)
    assert again.returncode == 0 and "0 shards with 0 rows" in again.stdout
    (tmp_path / "copy").mkdir()
    fs.copy_files(f"{BUCKET}/out/scored", str(tmp_path / "copy"), source_filesystem=store)
    for shard in plan([str(finished)], job).shards:
        score(shard, job)
    in_store, here = rows_of(tmp_path / "copy"), rows_of(tmp_path / "out")
    for row in here:
        row["source"] = row["source"].replace(str(finished), f"s3://{BUCKET}/in")
    assert in_store == here and len(here) == 41


def test_a_store_that_does_not_answer_is_named(monkeypatch, store, finished, job):
    with pytest.raises(ArchiveError, match=r"nothing to read at s3://none/in"):
        plan(["s3://none/in"], job)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    files._store.cache_clear()
    with pytest.raises(ArchiveError, match=r"s3://digits/in can't be (reached|listed)"):
        plan([f"s3://{BUCKET}/in"], job)
