"""predict.py reads files, folders and standard input, and reports what it can't read."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import openpyxl
import pytest
from PIL import Image

import predict
from model.files.runs import NETWORK_FILES, load_report
from model.reading import batch
from model.reading.batch import read_batch
from model.reading.recognizer import Recognizer
from tests.archives import digits, png_file, rows_file
from tests.pictures_for_programs import picture_of, saved
from tests.support import ROOT, TRAINED, popen_with_default_signals


@pytest.fixture
def folder(tmp_path):
    """Pictures in and below a folder, and files that are none."""
    (tmp_path / "below").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b-3.png", "a-7.JPG", "below/2.webp", ".hidden/5.png", ".8.png"):
        kind = {"G": "JPEG", "p": "WEBP"}.get(name[-1], "PNG")
        (tmp_path / name).write_bytes(saved(picture_of(name.split(".")[-2][-1]), kind))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def command(*arguments, **options) -> subprocess.CompletedProcess:
    line = [sys.executable, str(ROOT / "predict.py"), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, **options)


def test_text_output_has_one_sorted_line_per_picture(folder, capsys):
    assert predict.main([str(folder), str(folder / "below" / "2.webp")]) == 0
    lines = capsys.readouterr().out.splitlines()
    names, digits, sure = zip(*(line.split("  ") for line in lines), strict=True)
    below = str(folder / "below" / "2.webp")
    assert names == (str(folder / "a-7.JPG"), str(folder / "b-3.png"), below, below)
    assert digits == ("7", "3", "2", "2") and all(share.endswith("%") for share in sure)


def test_doubtful_answers_read_as_on_the_pages(capsys, monkeypatch, folder, trained):
    recognizer = Recognizer.load(trained)
    rows = np.zeros((3, 10), np.float32)
    rows[0, [4, 9]], rows[1, 7], rows[2] = (0.6, 0.4), 1, 0.1
    monkeypatch.setattr(Recognizer, "probabilities", lambda self, frames: rows[: len(frames)])
    monkeypatch.setattr(batch, "look_closer", lambda picture, plain, recognizer: plain)
    assert not recognizer.answer(rows[2]).is_digit
    assert predict.main([str(folder)]) == 0
    answers = [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert answers == ["4 or 9  >99.9%", "7  >99.9%", "no digit"]


def test_json_and_csv_hold_the_same_answers(folder, capsys):
    assert predict.main([str(folder), "--format", "json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert predict.main([str(folder), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [one["digit"] for one in objects] == [7, 3, 2]
    for one, row in zip(objects, rows, strict=True):
        assert row["source"] == one["source"] and row["digit"] == str(one["digit"])
        assert row["digits"].split() == [str(digit) for digit in one["digits"]]
        assert [float(row[f"p{digit}"]) for digit in range(10)] == one["probabilities"]
        assert one["network"] == row["network"] == load_report(TRAINED)["run"]


def test_unreadable_pictures_are_reported_and_the_rest_read(folder, capsys):
    (folder / "c.png").write_bytes(saved(picture_of("4"))[:60])
    (folder / "d.png").write_bytes(saved(np.full((30, 30), 200, np.uint8)))
    (folder / "e.png").write_bytes(b"")
    (folder / "f.png").write_bytes(b"x" * 10_000_001)
    (folder / "empty").mkdir()
    images = [folder / "missing", folder, folder / "empty", "a\0b", folder / "b-3.png"]
    assert predict.main(list(map(str, images))) == 1
    out, err = capsys.readouterr()
    assert [line.split("  ")[1] for line in out.splitlines()] == ["7", "3", "2", "3"]
    problems = dict(line.split(": ", 1) for line in err.splitlines())
    reasons = {
        "missing": "No such file",
        "c.png": "no whole PNG",
        "d.png": "one shade",
        "e.png": "An empty file can't be read here",
        "f.png": "more than 10 MB",
        "empty": "no picture in this folder",
        "a\0b": "null byte",
    }
    assert len(problems) == len(reasons)
    for name, reason in reasons.items():
        (sentence,) = (text for path, text in problems.items() if path.endswith(name))
        assert reason in sentence


def test_a_photo_is_written_as_text_csv_json_and_workbook(tmp_path, capsys):
    path = tmp_path / "sheet.png"
    path.write_bytes(saved(np.vstack([picture_of("275", side=90), picture_of("832", side=90)])))
    assert predict.main([str(tmp_path), "--photo"]) == 0
    assert capsys.readouterr().out.replace("\t", "") == f"{path}:\n275\n832\n"
    assert predict.main([str(tmp_path), "--photo", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["source"] for row in rows} == {str(path)} and rows[0]["page"] == "1"
    assert "".join(row["text"] for row in rows if row["row"] == "2") == "832"
    assert predict.main([str(tmp_path), "--photo", "--format", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert page["source"] == str(path) and page["page"] == 1 and page["rotation"] == 0
    digits = [digit for row in page["rows"] for cell in row for digit in cell["digits"]]
    assert [digit["digit"] for digit in digits] == [2, 7, 5, 8, 3, 2]
    assert 90 < digits[3]["box"][1] < digits[3]["box"][3] < 180


def test_a_workbook_goes_to_standard_output(tmp_path, trained):
    (tmp_path / "sheet.png").write_bytes(saved(picture_of("275")))
    command = [sys.executable, str(ROOT / "predict.py"), "--network", str(trained)]
    done = subprocess.run(
        [*command, "--photo", "--format", "xlsx", str(tmp_path)], capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    sheet = openpyxl.load_workbook(io.BytesIO(done.stdout))["sheet.png"]
    assert "".join(str(cell.value) for cell in sheet[1]) == "275"


def test_a_workbook_of_single_digits_is_refused(tmp_path, capsys):
    assert predict.main([str(tmp_path), "--format", "xlsx"]) == 1
    assert "--format xlsx is for --photo" in capsys.readouterr().err


def test_each_page_of_a_document_is_read(tmp_path, capsys):
    pages = [Image.fromarray(picture_of(text)) for text in ("27", "38")]
    pages[0].save(tmp_path / "scan.tiff", save_all=True, append_images=pages[1:])
    assert predict.main([str(tmp_path), "--photo", "--format", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["page"] for line in lines] == [1, 2]


def test_pictures_of_other_formats_in_a_folder_are_counted_and_named(tmp_path, capsys):
    (tmp_path / "7.png").write_bytes(saved(picture_of("7")))
    for name in ("a.svg", "b.PSD"):
        (tmp_path / name).write_bytes(b"...")
    assert predict.main([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert "2 pictures of other formats were skipped" in err and "a.svg" in err and "b.PSD" in err


def test_why_a_picture_is_no_digit_is_printed(tmp_path, capsys):
    (tmp_path / "two.png").write_bytes(saved(picture_of("23")))
    assert predict.main([str(tmp_path)]) == 0
    assert "no digit  It shows several digits" in capsys.readouterr().out


def test_many_chunks_stay_in_order(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(predict, "CHUNK", 3)
    digits = [str(place % 7 + 2) for place in range(50)]
    for place, digit in enumerate(digits):
        if digit not in "69":
            (tmp_path / f"{place:02}-{digit}.png").write_bytes(saved(picture_of(digit)))
    assert predict.main([str(tmp_path)]) == 0
    for line in capsys.readouterr().out.splitlines():
        name, digit, _ = line.split("  ")
        assert name.endswith(f"-{digit}.png")


def test_each_image_of_files_of_many_is_read(tmp_path, capsys, trained):
    images = digits(5)
    (tmp_path / "a.parquet").write_bytes(png_file(images))
    (tmp_path / "b.parquet").write_bytes(rows_file(images))
    np.savez(tmp_path / "c.npz", images=images)
    assert predict.main([str(tmp_path), "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ("a.parquet", "b.parquet", "c.npz")
    places = [f"{tmp_path / name}, row {row}" for name in names for row in range(5)]
    assert [row["source"] for row in rows] == places
    answers = [one.digits for one in read_batch(images, Recognizer.load(trained))]
    assert [tuple(row["digits"]) for row in rows] == 3 * answers


def test_what_cannot_be_read_of_files_of_many_is_reported(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", images=digits(2))
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    assert predict.main([str(tmp_path), str(tmp_path / "missing.npz")]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == 2 and err.count("\n") == 2
    assert "b.parquet: It can't be read (Arrow" in err
    assert "missing.npz: It can't be read (No such file or directory)." in err
    assert predict.main([str(tmp_path / "a.npz"), "--photo"]) == 1
    assert "a.npz, row 1: 28x28 numbers are no photo" in capsys.readouterr().err


def test_standard_input_and_undecodable_names_are_read(tmp_path, trained):
    picture = saved(picture_of("7"))
    done = command("-", "--network", trained, input=picture)
    assert done.returncode == 0 and done.stdout.startswith(b"-  7  ") and not done.stderr
    strange = os.fsencode(tmp_path) + b"/\xff\n.png"
    with open(strange, "wb") as file:
        file.write(picture)
    done = command(tmp_path, "--format", "json")
    assert os.fsencode(json.loads(done.stdout)["source"]) == strange
    assert command(tmp_path).stdout.count(b"  7  ") == 1


def test_a_missing_network_gives_one_sentence(tmp_path, capsys):
    assert predict.main(["x.png", "--network", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert not out and "There is no trained network" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x.png", "--format", "xml"],
        ["x.png", "--unknown"],
        ["x.png", "--shard", "0/2"],
        ["x.png", "--engine", "ray"],
        ["x.png", "--out", "scored", "--format", "csv"],
    ],
)
def test_wrong_options_exit_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        predict.main(arguments)
    assert ended.value.code == 2 and "usage" in capsys.readouterr().err


def test_the_int8_network_reads_the_same(folder, capsys):
    assert predict.main([str(folder), "--format", "json"]) == 0
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert predict.main([str(folder), "--format", "json", "--fast"]) == 0
    out, err = capsys.readouterr()
    for one, other in zip(map(json.loads, out.splitlines()), plain, strict=True):
        assert one["digits"] == other["digits"] and one["network"] == other["network"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=0.05)
    assert err == (f"{predict.NO_VNNI}\n" if predict.lacks_vnni() else "")


def test_a_run_without_an_int8_network_gives_one_sentence(tmp_path, trained, folder, capsys):
    for name in NETWORK_FILES:
        shutil.copy(trained / name, tmp_path)
    assert predict.main([str(folder), "--network", str(tmp_path), "--fast"]) == 1
    out, err = capsys.readouterr()
    assert not out and "There is no int8 network" in err and err.count("\n") == 1


def test_processes_give_the_same_lines_as_one(folder, capsys, monkeypatch):
    monkeypatch.setattr(predict, "CHUNK", 1)
    (folder / "c.png").write_bytes(b"")
    for options in (["--format", "csv"], ["--photo"]):
        outputs = set()
        for workers in ("1", "2"):
            assert predict.main([str(folder), "--workers", workers, *options]) == 1
            outputs.add(capsys.readouterr())
        assert len(outputs) == 1


@pytest.mark.parametrize(
    ("ending", "status"),
    [("interrupt", predict.INTERRUPTED), ("closed pipe", predict.PIPE_CLOSED)],
)
def test_an_interrupt_or_a_closed_pipe_ends_it_without_a_traceback(tmp_path, ending, status):
    Image.fromarray(picture_of("7")).save(tmp_path / "7.png")
    line = [sys.executable, str(ROOT / "predict.py"), *[str(tmp_path / "7.png")] * 3000]
    process = popen_with_default_signals(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        assert b"  7  " in process.stdout.readline()
        if ending == "interrupt":
            process.send_signal(signal.SIGINT)
        else:
            process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == status


def test_the_progress_bar_needs_a_terminal_and_many_pictures(folder, monkeypatch):
    assert predict.progress([str(folder)]).disable  # in a test standard error is no terminal
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert predict.progress([str(folder)]).disable
    monkeypatch.setattr(predict, "MIN_FOR_BAR", 3)
    with predict.progress([str(folder)]) as bar:
        assert not bar.disable and bar.total == 3
    with predict.progress(["many.npz"]) as bar:
        assert not bar.disable and bar.total is None
