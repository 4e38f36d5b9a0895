"""Event files to the byte; that TensorFlow reads what training writes, `test_training.py` says."""

import struct

import pytest

from model.errors import TrainingError
from model.learning import events

# A record that TensorFlow 2.21 wrote: Event(wall_time=1.5, step=300, summary=loss 0.25).
EVENT = "09000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e"
RECORD = "1b000000000000001a0d9e13" + EVENT + "9908deed"


def records(content: bytes) -> list[bytes]:
    """A file's records, by the lengths that they begin with."""
    found = []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        found.append(content[12 : 12 + length])
        content = content[16 + length :]
    return found


def test_an_event_is_tensorflows_to_the_byte():
    event = events.event(1.5, 300, {"loss": 0.25})
    assert event.hex() == EVENT
    assert events.record(event).hex() == RECORD


def test_a_file_says_its_version_and_from_which_step_on_it_holds(tmp_path):
    file = events.EventFile(tmp_path / "logs" / "train", first_step=7)
    file.add(7, {"loss": 0.5, "accuracy": 0.75})
    (path,) = (tmp_path / "logs" / "train").iterdir()
    version, start, figures = records(path.read_bytes())
    assert version.endswith(b"brain.Event:2")
    assert start[9:].hex() == "1007" + "3a020801"  # step 7; session_log { status: START }
    assert b"loss" in figures and b"accuracy" in figures
    assert struct.pack("<f", 0.5) in figures and struct.pack("<f", 0.75) in figures


def test_two_files_of_one_folder_never_share_a_name(tmp_path):
    for _ in range(3):
        events.EventFile(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="--tensorboard"):
        events.EventFile(tmp_path / "file" / "train")
