"""Measures the cost of serving: start, memory, and one frame with ONNX Runtime and Keras.

    python -m benchmarks.serving [--rounds 3]

Starts `streamlit run app.py` and waits until Chromium shows the first page; then reads frames with
ONNX Runtime and with Keras in new processes, and 10,000 frames with the served network and the
tutorial's.
"""

import argparse
import json
import subprocess  # each measurement needs a new process  # nosec B404
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.page import (
    ROOT,
    SEVEN,
    chromium,
    draw,
    expect_prediction,
    ready_to_draw,
    running_app,
)
from model.files.runs import ONNX_FILE
from model.reading.recognizer import Recognizer

NUM_FRAMES = 10_000

LOAD_ONNX = """
from model.reading.recognizer import Recognizer
read = Recognizer.load().probabilities
shape = (1, 28, 28)
"""
LOAD_KERAS = """
import keras
network = keras.models.load_model("model/trained/digits.keras")
read = lambda frames: network.predict(frames, verbose=0)
shape = (1, 28, 28, 1)
"""
MEASURE = """
import json, time
started = time.perf_counter()
import numpy as np
{load}
frame = np.zeros(shape, np.float32)
read(frame)
ready = time.perf_counter() - started
calls = []
for _ in range(50):
    began = time.perf_counter()
    read(frame)
    calls.append(time.perf_counter() - began)
status = open("/proc/self/status").read()
kilobytes = int(status.split("VmRSS:")[1].split()[0])
print(json.dumps([ready, kilobytes / 1000, sorted(calls)[25] * 1000]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement")
    rounds = parser.parse_args().rounds
    seconds, megabytes = zip(*(serve() for _ in range(rounds)), strict=True)
    print(f"streamlit run to the first answer possible  {median(seconds):8.1f} s")
    print(f"memory of the server process after it       {median(megabytes):8.0f} MB")
    onnx, keras = measure(LOAD_ONNX, rounds), measure(LOAD_KERAS, rounds)
    print(f"\n{'':<28}{'ONNX Runtime':>14}{'Keras':>14}{'ratio':>9}")
    for name, a, b in zip(("ready, s", "memory, MB", "one frame, ms"), onnx, keras, strict=True):
        print(f"{name:<28}{a:14.2f}{b:14.2f}{b / a:9.1f}")
    compare_networks(rounds)


def compare_networks(rounds: int) -> None:
    """Reads 10,000 frames with the served network and the tutorial's, both by ONNX Runtime."""
    from model.learning import network, onnx_file

    frames = np.random.default_rng(0).random((NUM_FRAMES, 28, 28), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ONNX_FILE).write_bytes(onnx_file.export(network.build_tutorial()))
        networks = {"served": Recognizer.load(), "tutorial": Recognizer.load(Path(folder))}
    seconds = {name: [] for name in networks}
    for _ in range(rounds):
        for name, recognizer in networks.items():
            started = time.perf_counter()
            recognizer.probabilities(frames)
            seconds[name].append(time.perf_counter() - started)
    served, tutorial = median(seconds["served"]), median(seconds["tutorial"])
    print(f"\n{NUM_FRAMES:,} frames on one thread, served network   {served:8.2f} s")
    print(f"{NUM_FRAMES:,} frames on one thread, tutorial network {tutorial:8.2f} s")
    print(f"ratio                                         {served / tutorial:8.1f}")


def serve() -> tuple[float, float]:
    """Seconds until Chromium shows the first page; the server's MB after the first answer."""
    started = time.perf_counter()
    with running_app() as (address, process), chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        page.get_by_text("Draw a digit here").first.wait_for()
        seconds = time.perf_counter() - started
        ready_to_draw(page)
        draw(page, SEVEN)
        expect_prediction(page, "7")
        return seconds, memory(process)


def memory(pid: int) -> float:
    """Resident memory of a process, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def measure(load: str, num: int) -> list[float]:
    """Seconds until ready, MB, milliseconds a frame; medians of `num` new processes."""
    command = [sys.executable, "-c", MEASURE.format(load=load)]
    rounds = []
    for _ in range(num):
        answer = subprocess.run(  # the script above, no shell  # nosec B603
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
        rounds.append(json.loads(answer.stdout.splitlines()[-1]))
    return [median(column) for column in zip(*rounds, strict=True)]


if __name__ == "__main__":
    main()
