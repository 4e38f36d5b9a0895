"""Corrections are stored, read back, limited and exported: in SQLite and in PostgreSQL alike."""

import io
import json
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import update

from model.errors import CorrectionsError
from model.learning.data import read_idx
from ops import corrections
from ops.corrections import Corrections, strokes_json
from ops.corrections_export import IDX_NAMES, as_idx, as_npz
from ops.database.tables import CORRECTIONS
from tests.support import ROOT

SEVEN = [np.array([[80.0, 60.123], [200, 60], [120, 230]])]
CROSSED = [*SEVEN, np.array([[110.0, 140], [190, 140]])]
FRAME = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)
ANSWER = np.eye(10, dtype=np.float32)[7] * 0.9 + np.float32(0.01)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def store(request) -> Corrections:
    if request.param == "PostgreSQL":
        request.getfixturevalue("corrections_database")
    return Corrections()


def add(store: Corrections, strokes=SEVEN, label: int = 1) -> int:
    return store.add(strokes, FRAME, ANSWER, label, "a run")


def change(store: Corrections, column: str, value) -> None:
    """Changes all rows, as another program might."""
    with store._database.writing() as connection:
        connection.execute(update(CORRECTIONS).values({column: value}))


def test_a_correction_is_read_back_as_stored(store):
    number = add(store, CROSSED)
    (stored,) = store.load()
    assert (stored.id, stored.label, stored.predicted, stored.network) == (number, 1, 7, "a run")
    assert stored.time.endswith("+00:00")
    for stroke, drawn in zip(stored.strokes, CROSSED, strict=True):
        assert np.allclose(stroke, drawn, atol=0.005)
    assert stored.frame.dtype == np.uint8 and stored.frame[-1, -1] == 255
    assert np.abs(stored.frame / 255 - FRAME).max() < 0.002
    assert np.array_equal(stored.probabilities, ANSWER)


def test_a_drawing_is_stored_once_under_its_last_label(store):
    first = add(store, SEVEN, 1)
    assert add(store, SEVEN, 1) == first and len(store) == 1
    assert add(store, SEVEN, 2) == first
    assert [stored.label for stored in store.load()] == [2]
    assert add(store, CROSSED, 2) != first and len(store) == 2


def test_corrections_load_newest_first_and_in_pages(store):
    drawings = [[SEVEN[0] + shift] for shift in range(5)]
    numbers = [add(store, drawing) for drawing in drawings]
    assert [stored.id for stored in store.load()] == numbers[::-1]
    assert [stored.id for stored in store.load(2, skip=1)] == numbers[3:1:-1]
    add(store, drawings[0], 3)  # labelled again
    assert store.load(1)[0].id == numbers[0]


def test_ids_of_deleted_drawings_are_never_reused(store):
    first, second = add(store, SEVEN), add(store, CROSSED)
    store.delete([second, 999])
    assert [stored.id for stored in store.load()] == [first]
    assert add(store, CROSSED) > second
    store.delete_all()
    assert len(store) == 0 and add(store, CROSSED) > second + 1


def test_a_drawing_of_any_length_is_stored_once(store):
    rng = np.random.default_rng(0)  # noise, which no database can compress to a few bytes
    long = [rng.uniform(0, 280, (10_000, 2))]
    assert len(strokes_json(long)) > 100_000
    assert add(store, long, 1) == add(store, long, 2)
    (stored,) = store.load()
    assert stored.label == 2 and np.allclose(stored.strokes[0], long[0], atol=0.0051)


def test_nothing_is_read_or_deleted_before_the_first(store):
    assert store.load() == [] and len(store) == store.check() == 0
    store.delete_all()
    store.delete([1])
    assert add(store) == 1 == store.check()


def test_processes_and_threads_lose_no_correction(store):
    script = (
        "import sys, numpy as np\n"
        "from ops.corrections import Corrections\n"
        "for at in range(40):\n"
        "    stroke = np.array([[float(sys.argv[1]), at], [50, 50]])\n"
        "    frame, answer = np.ones((28, 28), np.float32), np.full(10, 0.1, np.float32)\n"
        "    Corrections().add([stroke], frame, answer, at % 10, '')\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(name)], cwd=ROOT, stderr=subprocess.PIPE
        )
        for name in (1, 2)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: add(store, [SEVEN[0] + at]), range(40)))
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    stored = store.load()
    assert len(stored) == 3 * 40 == len({each.id for each in stored})
    assert store.check() == 3 * 40


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("strokes", "["), ("strokes", "[]"), ("strokes", "[[]]"), ("strokes", "[[[1,2,3]]]")),
        *(("strokes", "[[[1,NaN]]]"), ("strokes", "[[[1,1e9]]]"), ("strokes", '{"a": 1}')),
        *(("time", "yesterday"), ("probabilities", np.full(10, np.nan, "<f4").tobytes())),
        ("probabilities", np.full(10, 2, "<f4").tobytes()),
    ],
)
def test_a_row_that_something_else_changed_is_named(store, column, value):
    number = add(store)
    change(store, column, value)
    with pytest.raises(CorrectionsError, match=f"Correction {number} can't be read"):
        store.load()


def test_a_drawing_with_too_many_points_is_refused(store):
    with pytest.raises(CorrectionsError, match="too many points"):
        add(store, [np.random.default_rng(0).uniform(0, 280, (20_000, 2))])
    assert len(store) == 0


@pytest.mark.parametrize("limit", ["MAX_CORRECTIONS", "MAX_STORED_BYTES"])
def test_a_full_store_takes_another_label_and_no_new_drawing(store, monkeypatch, limit):
    first = add(store, SEVEN, 1)
    monkeypatch.setattr(corrections, limit, 1)
    with pytest.raises(CorrectionsError, match="delete some"):
        add(store, CROSSED)
    assert add(store, SEVEN, 2) == first
    assert [stored.label for stored in store.load()] == [2]


def test_deleting_makes_room_in_a_full_store(store, monkeypatch):
    monkeypatch.setattr(corrections, "MAX_STORED_BYTES", 1_000_000)
    rng = np.random.default_rng(0)

    def large() -> list[np.ndarray]:
        return [rng.uniform(0, 280, (10_000, 2))]  # about 150 kB as text

    with pytest.raises(CorrectionsError, match="limit of 1 MB"):
        for _ in range(20):
            add(store, large())
    assert 1 < len(store) < 15
    assert store.path is None or store.path.stat().st_size <= 1_000_000
    store.delete([store.load()[-1].id])
    add(store, large())


@pytest.mark.parametrize(
    "change", [{"frame": FRAME[:20]}, {"probabilities": ANSWER[:9]}, {"label": 10}]
)
def test_wrong_shapes_and_labels_raise(store, change):
    fine = {"strokes": SEVEN, "frame": FRAME, "probabilities": ANSWER, "label": 1}
    with pytest.raises(ValueError, match="Received"):
        store.add(**{**fine, **change}, network="")


@pytest.mark.parametrize("num", [0, 3])
def test_exported_archives_are_read_as_mnist(store, tmp_path, num):
    for shift in range(num):
        add(store, [SEVEN[0] + shift], shift)
    stored = store.load()
    with np.load(io.BytesIO(as_npz(stored)), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    assert images.shape == (num, 28, 28) and images.dtype == labels.dtype == np.uint8
    assert labels.tolist() == [each.label for each in stored] == list(range(num))[::-1]
    with zipfile.ZipFile(io.BytesIO(as_idx(stored))) as archive:
        assert archive.namelist() == list(IDX_NAMES)
        archive.extractall(tmp_path)
    for name, array in zip(IDX_NAMES, (images, labels), strict=True):
        assert np.array_equal(read_idx(tmp_path / name), array)


def test_strokes_are_rounded_to_a_hundredth_pixel():
    text = strokes_json(SEVEN)
    assert json.loads(text)[0][0] == [80, 60.12]
    assert strokes_json([SEVEN[0] + 0.001]) == text
