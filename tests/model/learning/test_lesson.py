"""The lesson's training, for real."""

import numpy as np
import pytest

from model.files.lesson import load_lesson, save_board


@pytest.mark.slow
def test_a_lesson_learns_and_tells_each_step(tmp_path, mnist):
    from model.learning.lesson import teach

    training, test = mnist
    (index,) = np.flatnonzero(test.labels == 7)[:1]
    save_board(tmp_path, test.images[index].astype(np.float32) / 255)
    teach(tmp_path, training, test, num_steps=60)
    lesson = load_lesson(tmp_path)
    assert [step.step for step in lesson.steps] == list(range(1, 61))
    first, last = lesson.moments[0], lesson.moments[-1]
    assert last.loss < first.loss / 2 and first.unseen < 0.5 < last.unseen
    assert np.array(last.filters).shape == (28, 3, 3) and last.filters != first.filters
    assert np.argmax(last.reading) == 7 and max(first.reading) < 0.5
    (tmp_path / "lesson.stop").touch()
    teach(tmp_path, training, test, num_steps=60)
    assert load_lesson(tmp_path).steps == []
