"""Event files for TensorBoard: their names never collide, errors are one sentence."""

import pytest

from model.errors import TrainingError
from model.learning.tensorboard import EventFile


def test_two_files_of_one_folder_never_share_a_name(tmp_path):
    for _ in range(3):
        EventFile(tmp_path).add(1, {"loss": 0.5})
    assert len(list(tmp_path.glob("events.out.tfevents.*"))) == 3


def test_figures_are_on_disk_at_once(tmp_path):
    file = EventFile(tmp_path)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_size
    file.add(1, {"loss": 0.5})
    assert path.stat().st_size > before and b"loss" in path.read_bytes()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "logs").touch()
    with pytest.raises(TrainingError, match=r"can't be written .*--tensorboard"):
        EventFile(tmp_path / "logs")
