"""Stands in for `train.py --resume RUN` in tests: writes what it writes, in no time.

`FAKE_TRAINER` says how it goes: `finishes`; `holds` after its first epoch, until it is stopped;
`waits` before it; `deaf`, as `holds` but it can't be interrupted; `crashes` after its first epoch;
`refuses` before it.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

TRAINED = Path(__file__).parents[2] / "model" / "trained"


def main() -> int:
    # Tests may run where interruptions are ignored, which a process inherits.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run = Path(sys.argv[sys.argv.index("--resume") + 1])
    way = os.environ.get("FAKE_TRAINER", "finishes")
    if way == "refuses":
        print("There is no folder nowhere: name the one that holds MNIST.", file=sys.stderr)
        return 1
    if way == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = json.loads((run / "config.json").read_text())
    history = run / "history.csv"
    try:
        if way == "waits":
            time.sleep(600)
        if not history.exists():
            history.write_text("epoch,accuracy,loss,learning_rate,seconds\n")
        done = len(history.read_text().splitlines()) - 1
        for epoch in range(done + 1, config["epochs"] + 1):
            with history.open("a") as file:
                file.write(f"{epoch},{1 - 0.1 / epoch},{1 / epoch},0.001,{30.0}\n")
            with (run / "steps.csv").open("a") as file:
                file.write("step,epoch,loss,accuracy\n" if epoch == 1 else "")
                for step in range(10 * epoch - 9, 10 * epoch + 1):
                    file.write(f"{step},{step / 10},{1 / step},{1 - 0.5 / step}\n")
            (run / "checkpoint.keras").write_text("as far as this")
            print(f"epoch {epoch} of {config['epochs']}")
            if way == "crashes":
                raise MemoryError("no room for the next epoch")
            if way in ("holds", "deaf"):
                time.sleep(600)
    except KeyboardInterrupt:
        print(f"\nStopped. Resume with: python train.py --resume {run}", file=sys.stderr)
        return 130
    finish(run, config)
    return 0


def finish(run: Path, config: dict) -> None:
    """Leaves the served network under the run's own name, and as good as its seed says."""
    for name in ("digits.onnx", "digits.keras", "lookalikes.npz", "README.md"):
        shutil.copy(TRAINED / name, run / name)
    report = json.loads((TRAINED / "report.json").read_text())
    # Another description (protobuf's field 6 of an ONNX model): other bytes, the same answers.
    text = run.name.encode()
    served = (TRAINED / "digits.onnx").read_bytes().replace(report["run"].encode(), text)
    (run / "digits.onnx").write_bytes(served + b"\x32" + bytes([len(text)]) + text)
    report["network"]["sha256"] = hashlib.sha256((run / "digits.onnx").read_bytes()).hexdigest()
    report |= {"run": run.name, "config": config}
    report["test"]["accuracy"] = config["seed"] / 10_000
    (run / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    sys.exit(main())
