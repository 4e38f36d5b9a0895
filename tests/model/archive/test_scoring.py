"""Each input becomes rows; what can't be read is a row with its reason."""

import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.archive.run import plan
from model.archive.scoring import Job, score
from model.archive.shards import PICTURES
from model.errors import ArchiveError
from model.files.runs import ONNX_FILE
from model.reading.picture_files import read_file
from model.reading.prediction import read_frames
from model.reading.recognizer import Recognizer
from tests.archives import digits, parquet, places, png, png_file, rows_file, rows_of
from tests.pictures_for_programs import picture_of, saved
from tests.support import TRAINED

NUM = 12
NETWORK = (TRAINED / ONNX_FILE).read_bytes()


@pytest.fixture
def score_all(tmp_path):
    """Scores files in this process; returns the rows."""

    def run(files: dict[str, bytes], photo: bool = False) -> list[dict]:
        for name, content in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        planned = plan([str(tmp_path / "in")], Job(NETWORK, str(tmp_path / "out"), photo))
        for shard in planned.shards:
            score(shard, planned.job)
        return rows_of(tmp_path / "out")

    return run


def idx(images: np.ndarray) -> bytes:
    sizes = b"".join(side.to_bytes(4, "big") for side in images.shape)
    return b"\0\0\x08" + bytes([images.ndim]) + sizes + images.tobytes()


def npz(**arrays: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def huggingface(images: np.ndarray) -> bytes:
    return parquet(pa.array([{"bytes": png(image), "path": None} for image in images]))


FILES = {
    "rows.parquet": rows_file(digits(NUM)),
    "nested.parquet": parquet(pa.array(digits(NUM).tolist())),
    "pictures.parquet": png_file(digits(NUM)),
    "hub.parquet": huggingface(digits(NUM)),
    "digits.npz": npz(images=digits(NUM), labels=np.zeros(NUM)),
    "t10k-images-idx3-ubyte": idx(digits(NUM)),
    "deep/t10k-images-idx3-ubyte.gz": gzip.compress(idx(digits(NUM))),
    **{f"deep/{place:02}.png": png(image) for place, image in enumerate(digits(NUM))},
}


def test_every_kind_of_file_gives_the_same_digits_once(score_all, tmp_path):
    labels = {"t10k-labels-idx1-ubyte": idx(np.zeros(NUM, np.uint8)), "notes.txt": b"no picture"}
    rows = score_all(FILES | labels)
    recognizer = Recognizer(NETWORK)
    frames = [(image / 255).astype(np.float32) for image in digits(NUM)]
    answers = read_frames(frames, recognizer)
    assert len(rows) == 8 * NUM and len(set(places(rows))) == 8 * NUM
    sources = {row["source"].removeprefix(f"{tmp_path}/in/") for row in rows}
    assert sources == set(FILES)
    for row in rows:
        is_file = row["source"].endswith(".png")
        place = int(row["source"][-6:-4]) if is_file else row["row"]
        answer = answers[place]
        assert row["digits"] == list(answer.digits) and row["digit"] == answer.digits[0]
        assert row["is_digit"] is True and row["is_sure"] == answer.answer.is_sure
        assert np.allclose(row["probabilities"], answer.probabilities, atol=1e-3)
        assert row["network"] == recognizer.key[1] and row["reason"] == answer.reason


def test_large_pictures_are_read_as_predict_reads_them(score_all):
    pictures = [saved(picture_of(text)) for text in ("7", "23")]
    rows = score_all({"x.parquet": parquet(pa.array(pictures))})
    alone = [read_file(picture, Recognizer(NETWORK)) for picture in pictures]
    assert [(row["digit"], row["reason"]) for row in rows] == [
        (one.as_dict()["digit"], one.reason) for one in alone
    ]
    assert rows[1]["is_digit"] is False and rows[1]["digits"] == []


def test_what_cannot_be_read_is_a_row_with_its_reason(score_all):
    blank, good = np.zeros((28, 28), np.uint8), digits(1)[0]
    rows = score_all(
        {
            "a.parquet": parquet(pa.array([png(good), None, png(good)[:50], b"", png(blank)])),
            "b.parquet": parquet(pa.array([good.ravel().tolist(), [1, 2], None, [0] * 784])),
            "c.npz": npz(images=np.stack([good * 1.0, good * 2.0])),
            "d/x.svg": b"<svg>",
            "d/y.png": b"x" * 10_000_001,
        }
    )
    reasons = [row["reason"] for row in rows]
    wanted = [
        *("", "no picture in this row", "no whole PNG", "An empty file", "all of it has one shade"),
        *("", "not 28x28 numbers", "not 28x28 numbers", "its largest number is 0"),
        *("", "from 0 to 255", "An SVG drawing can't be read", "has 10 MB and may have 10"),
    ]
    assert len(reasons) == len(wanted)
    for reason, words in zip(reasons, wanted, strict=True):
        assert words in reason and bool(reason) == bool(words)
    unread = [row for row in rows if row["reason"]]
    assert {row["digit"] for row in unread} == {row["probabilities"] for row in unread} == {None}


def half_damaged() -> bytes:
    """A parquet file of three row groups, with the second one damaged."""
    content = pa.BufferOutputStream()
    table = pa.table({"image": [png(image) for image in digits(30)]})
    pq.write_table(table, content, row_group_size=10, compression="gzip", use_dictionary=False)
    damaged = bytearray(content.getvalue().to_pybytes())
    group = pq.ParquetFile(io.BytesIO(damaged)).metadata.row_group(1).column(0)
    start = group.data_page_offset + group.total_compressed_size // 2
    damaged[start : start + 300] = bytes(300)
    return bytes(damaged)


@pytest.mark.parametrize(
    ("name", "content", "reason", "num_rows"),
    [
        ("x.parquet", rows_file(digits(3))[:-9], "can't be read (ArrowInvalid", 0),
        ("x.parquet", b"", "can't be read (ArrowInvalid", 0),
        ("x.parquet", half_damaged(), "on it can't be read", 10),
        ("x.parquet", parquet(pa.array([b"x"]), "picture"), 'no column "image" (picture)', 0),
        ("x.parquet", parquet(pa.array([1, 2])), "holds int64 where", 0),
        ("x.parquet", parquet(pa.array([{"path": "7.png"}])), 'no field "bytes"', 0),
        ("x.npz", npz(images=np.zeros((3, 27, 28))), "has the shape (3, 27, 28)", 0),
        ("x.npz", npz(a=np.zeros(3), b=np.zeros(3)), "It holds a, b: name the one", 0),
        ("x.npz", npz(images=np.array([None])), "can't be read (ValueError: no numbers)", 0),
        ("x.npz", b"PK", "can't be read (BadZipFile", 0),
        ("x-idx3-ubyte", idx(digits(3))[:-1], "no whole IDX file", 0),
        ("x-idx3-ubyte.gz", gzip.compress(idx(digits(3)))[:-30], "can't be read (EOFError", 0),
    ],
)
def test_a_damaged_file_is_one_row_with_its_reason(score_all, name, content, reason, num_rows):
    *read, last = score_all({name: content})
    assert reason in last["reason"] and last["row"] is None and last["source"].endswith(name)
    assert [row["row"] for row in read] == list(range(num_rows))
    assert not any(row["reason"] for row in read)


def test_photos_give_rows_of_cells(score_all):
    sheet = saved(np.vstack([picture_of("275", side=90), picture_of("832", side=90)]))
    blank = saved(np.full((50, 50), 200, np.uint8))
    pictures = parquet(pa.array([sheet, blank, b"x"]))
    rows = score_all({"x.parquet": pictures, "y.npz": npz(images=digits(1))}, photo=True)
    cells = [row for row in rows if row["text"]]
    assert "".join(row["text"] for row in cells if row["line"] == 1) == "275"
    assert "".join(row["text"] for row in cells if row["line"] == 2) == "832"
    assert {(row["row"], row["page"]) for row in cells} == {(0, 1)}
    assert all(len(row["box"]) == 4 and row["doubtful"] in (True, False) for row in cells)
    blank_row, odd_row, array_row = (row for row in rows if row["text"] is None)
    assert "No digit was found" in blank_row["reason"] and blank_row["page"] == 1
    assert "file of this kind" in odd_row["reason"] and "no photo" in array_row["reason"]


def test_names_that_are_no_text_are_read(score_all):
    rows = score_all({"a\udcff.png": png(digits(1)[0])})
    assert rows[0]["source"].endswith("a\\xff.png") and rows[0]["digit"] is not None


def test_pictures_are_divided_into_shards_of_5000(tmp_path):
    (tmp_path / "in").mkdir()
    for place in range(PICTURES + 1):
        (tmp_path / "in" / f"{place:05}.png").touch()
    planned = plan([str(tmp_path / "in")], Job(NETWORK, str(tmp_path / "out")))
    assert [len(shard.sources) for shard in planned.shards] == [PICTURES, 1]
    assert [shard.name for shard in planned.shards] == ["in-00000.parquet", "in-00001.parquet"]


def test_shards_are_divided_among_machines(tmp_path):
    for name in "abcde":
        (tmp_path / f"{name}.npz").touch()
    job = Job(NETWORK, str(tmp_path / "out"))
    parts = [plan([str(tmp_path)], job, f"{place}/3").shards for place in range(3)]
    assert sorted(shard.name[0] for part in parts for shard in part) == list("abcde")
    for part in ("3/3", "-1/3", "0/0", "1", "a/b", ""):
        with pytest.raises(ArchiveError, match="give I/N"):
            plan([str(tmp_path)], job, part)


def test_missing_and_equal_sources_are_refused(tmp_path):
    job = Job(NETWORK, str(tmp_path / "out"))
    with pytest.raises(ArchiveError, match="nothing to read at"):
        plan([str(tmp_path / "none")], job)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.npz").touch()
    with pytest.raises(ArchiveError, match="would both be written to"):
        plan([str(tmp_path / "a"), str(tmp_path / "b")], job)
    with pytest.raises(ArchiveError, match="foo://bucket can't be opened here"):
        plan(["foo://bucket/x"], job)
