"""The file that a lesson writes and the page reads."""

import numpy as np
import pytest

from model.files.lesson import (
    LESSON_FILE,
    Lesson,
    Step,
    load_board,
    load_lesson,
    save_board,
    write_problem,
    write_step,
)


def test_what_a_lesson_wrote_is_read_back(tmp_path):
    steps = [
        Step(1, 2.3, 0.1, 0.12, [[[0.5, 0, 0]] * 3] * 28, [0.1] * 10),
        Step(2, 2.1, 0.3),
    ]
    with (tmp_path / LESSON_FILE).open("w") as file:
        for step in steps:
            write_step(file, step)
        write_problem(file, "The disk is full.")
    lesson = load_lesson(tmp_path)
    assert lesson == Lesson(steps, "The disk is full.") and lesson.moments == steps[:1]


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 3, "los',
        "[]",
        "7",
        '{"step": 3, "loss": NaN, "accuracy": 0.5}',
        '{"step": "3", "loss": 1, "accuracy": 0.5}',
        '{"step": 3, "loss": 1, "accuracy": 0.5, "reading": [0.5]}',
        '{"step": 3, "loss": 1, "accuracy": 0.5, "filters": [[0.5]]}',
        '{"step": 3, "loss": 1, "accuracy": 0.5, "filters": [[[0.5], [1, 2]]]}',
        "\x00\xff",
    ],
)
def test_a_line_that_no_lesson_writes_is_left_out(tmp_path, line):
    good = '{"step": 1, "loss": 2.3, "accuracy": 0.1}\n'
    (tmp_path / LESSON_FILE).write_text(good + line + "\n", encoding="latin-1")
    assert load_lesson(tmp_path) == Lesson([Step(1, 2.3, 0.1)])


def test_without_a_lesson_there_are_no_steps(tmp_path):
    assert load_lesson(tmp_path) == Lesson()


def test_the_board_is_read_back_wiped_and_checked(tmp_path):
    frame = np.eye(28, dtype=np.float32)
    save_board(tmp_path, frame)
    assert np.array_equal(load_board(tmp_path), frame)
    (tmp_path / "lesson.npy").write_bytes(b"no array")
    assert load_board(tmp_path) is None
    save_board(tmp_path, None)
    save_board(tmp_path, None)
    assert load_board(tmp_path) is None
