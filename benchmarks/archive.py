"""Measures how fast archives are scored: one core, several workers, and each engine.

    python -m benchmarks.archive [--rows 2000] [--photos 6] [--rounds 3] [--workers 2]

1. One core: rows a second of ONNX Runtime alone on prepared frames, with the float32 and the int8
   network; of `read_batch` on arrays, of `predict.py` on PNG files, and of whole shards, from a
   parquet file to a parquet file: 28x28 numbers, PNG files, photos. They are measured in turns, by
   this process' processor time, so that other work on the machine disturbs less. A share compares a
   path with the runtime of the same round; of photos, with the reader alone on decoded pictures.
2. Workers: rows a second by the clock, with one process and with several.
3. Engines: `benchmarks.archive_engines`.
"""

import argparse
import shutil
import subprocess  # the engines are measured in a process of their own  # nosec B404
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

import predict
from benchmarks.archive_engines import run, write_archive
from benchmarks.sheets import sheet
from model.archive import pool
from model.archive.run import plan
from model.archive.scoring import Job, recognizer_of, score
from model.files.runs import INT8_FILE, ONNX_FILE
from model.files.served import SHIPPED
from model.learning.data import load_mnist
from model.reading.batch import read_batch
from model.reading.onnx_parts import output_names, with_outputs
from model.reading.paper_reader import read_paper
from model.reading.recognizer import BATCH, Recognizer
from ops.settings import settings

Paths = dict[str, Callable[[], None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=2000, help="of a shard")
    parser.add_argument("--photos", type=int, default=6, help="of a shard")
    parser.add_argument("--files", type=int, default=12, help="of the archive for several workers")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement, in turns")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, file in (("digits", ONNX_FILE), ("digits, int8", INT8_FILE)):
            paths = digit_paths(folder, options.rows, file)
            report(title, paths, options.rows, options.rounds)
        report("photos", photo_paths(folder, options.photos), options.photos, options.rounds)
        compare_workers(folder, options)
    print(flush=True)
    line = [sys.executable, "-m", "benchmarks.archive_engines", "--files", str(options.files)]
    line += ["--rows", str(options.rows), "--workers", str(options.workers)]
    subprocess.run([*line, "--rounds", str(options.rounds)], check=True)  # nosec B603


def digit_paths(folder: Path, num_rows: int, file: str) -> Paths:
    """The runtime alone, arrays, picture files, and shards of numbers and of PNG files."""
    images = load_mnist(settings().data)[1].images[:num_rows]
    frames = (images / np.float32(255)).astype(np.float32)
    job = job_for(folder, file=file)
    network = recognizer_of(job.network)
    rows = pa.array(list(images.reshape(len(images), -1)))
    png = pa.array([cv2.imencode(".png", image)[1].tobytes() for image in images])
    return {
        "ONNX Runtime alone": runtime(job.network, frames),
        "arrays": lambda: read_batch(images, network),
        "PNG files by predict.py": printing(folder, images, network),
        "shard of 28x28 numbers": scoring(folder / "rows.parquet", rows, job),
        "shard of PNG files": scoring(folder / "png.parquet", png, job),
    }


def runtime(network: bytes, frames: np.ndarray) -> Callable[[], None]:
    """Runs the part of a network that predicts, by ONNX Runtime and nothing else."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    part = with_outputs(network, output_names(network)[:1])
    session = onnxruntime.InferenceSession(part, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run_all() -> None:
        for at in range(0, len(frames), BATCH):
            session.run(None, {name: frames[at : at + BATCH, ..., None]})

    return run_all


def printing(folder: Path, images: np.ndarray, network: Recognizer) -> Callable[[], None]:
    """Writes images as PNG files; returns what reads them and words the answers."""
    paths = [folder / f"{place}.png" for place in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        cv2.imwrite(str(path), image)
    reader = predict.Reader(network, predict.DigitsAsText, is_photo=False)
    return lambda: [*map(reader, predict.in_chunks(map(str, paths), predict.CHUNK))]


def photo_paths(folder: Path, num_photos: int) -> Paths:
    """The reader alone on decoded photos, and a shard of their JPEG files."""
    photos = [sheet(seed=seed, noise=2, ruled=True) for seed in range(num_photos)]
    job = job_for(folder, photo=True)
    network = recognizer_of(job.network)
    jpeg = pa.array([cv2.imencode(".jpg", photo)[1].tobytes() for photo in photos])
    return {
        "reader alone": lambda: [read_paper(photo, network) for photo in photos],
        "JPEG files": scoring(folder / "photos.parquet", jpeg, job),
    }


def job_for(folder: Path, photo: bool = False, file: str = ONNX_FILE) -> Job:
    """A shipped network, and a folder for outputs."""
    names = {INT8_FILE: "int8-out", ONNX_FILE: "photos-out" if photo else "out"}
    out = folder / names[file]
    return Job((SHIPPED / file).read_bytes(), str(out), photo)


def scoring(path: Path, column: pa.Array, job: Job) -> Callable[[], None]:
    """Writes a parquet file; returns what scores it from file to file."""
    pq.write_table(pa.table({"image": column}), path)
    (shard,) = plan([str(path)], job).shards
    return lambda: score(shard, job)


def report(title: str, paths: Paths, num: int, rounds: int) -> None:
    """Measures paths in turns and prints their rates, and shares of the first one's."""
    rates: dict[str, list[float]] = {name: [] for name in paths}
    for path in paths.values():
        path()  # loads what is loaded once
    for _ in range(rounds):
        for name, path in paths.items():
            began = time.process_time()
            path()
            rates[name].append(num / (time.process_time() - began))
    print(f"{title + ' a second, one core':<32}{'rate':>8}{'share':>8}")
    floor = next(iter(rates.values()))
    for name, of_path in rates.items():
        shares = [rate / least for rate, least in zip(of_path, floor, strict=True)]
        print(f"  {name:<30}{median(of_path):8,.0f}{median(shares):8.0%}")
    print(flush=True)


def compare_workers(folder: Path, options: argparse.Namespace) -> None:
    """Scores one archive with one worker and with several, in turns."""
    shutil.rmtree(folder / "out")
    write_archive(folder / "in", options.files, options.rows)
    gains, rates = [], []
    for _ in range(options.rounds):
        pair = [
            run(folder, lambda shards, job, num=num: pool.score_all(shards, job, num), num).rate
            for num in (1, options.workers)
        ]
        rates.append(pair[1])
        gains.append(pair[1] / pair[0])
    print(f"{options.workers} workers read {median(rates):,.0f} PNG files a second,")
    print(f"{median(gains):.2f} times as many as one ({min(gains):.2f} to {max(gains):.2f})")


if __name__ == "__main__":
    main()
