"""Measures how well a network reads MNIST, pen drawings, bitmaps, letters and rare glyphs.

    python -m benchmarks.recognition                      the shipped network
    python -m benchmarks.recognition --network FOLDER     another one
    python -m benchmarks.recognition --sheet errors.png   and a picture of what it misreads

MNIST comes from --data, DIGITPAD_DATA or Keras' own copy. Pen drawings are JSON lines (gzip) with
`label`, `strokes` and the writer as `source`, bitmaps are `.npz` files with `x` and `y`, in the
folder --pen; single pictures are listed in `manifest.csv` in the folder --pictures. No network is
trained on them.

Every drawing is placed on the app's canvas of 280 pixels as a person might: 45 to 85 % of its side,
off centre by up to 7 %. "Strokes" prepares the strokes, as the canvas does; "pixels" prepares a
picture of them with a pen of 12, 20 and 28 pixels; "plain resize" is what most demos do. --save
adds the figures to the network's report and model card.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from benchmarks import pens
from benchmarks.glyph_probes import PROBES, by_many_hands
from model.errors import DigitError
from model.files.runs import load_report, save_report
from model.files.served import SHIPPED
from model.ink.decode import decode
from model.ink.frame import strokes_to_mnist, to_mnist
from model.ink.pen import draw_canvas
from model.ink.picture import frame_of_picture
from model.learning.data import load_mnist
from model.learning.evaluation import DISPUTED, accuracy, auroc, calibration, wilson_interval
from model.reading.one_digit import read_one_digit
from model.reading.recognizer import Recognizer
from ops.settings import settings

PICTURES = pens.FOLDER.parent / "pictures"
OTHER_DRAWINGS = {"pendigits-dev": "pendigits", "crohme-dev": "CROHME"}
FEWEST = 20  # drawings of a writer who counts for the worst
ERROR_COLUMNS = 24  # of the picture of errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, default=SHIPPED, help="folder with digits.onnx")
    parser.add_argument("--data", default=settings().data, help="folder with MNIST")
    parser.add_argument("--pen", type=Path, default=pens.FOLDER, help="folder with pen drawings")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="folder with pictures")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="draw the errors there")
    parser.add_argument("--fast", action="store_true", help="measure its int8 network")
    parser.add_argument("--save", action="store_true", help="add the figures to the report")
    options = parser.parse_args()
    recognizer = Recognizer.load(options.network, options.fast)
    errors: list[np.ndarray] = []
    report_mnist(recognizer, options.data)
    figures = report_unipen(recognizer, options.pen, errors)
    if figures:
        figures["sets"] = report_other_sets(recognizer, options.pen, errors)
        figures["auroc"] = report_letters(recognizer, options.pen)
    report_probes(recognizer)
    pictures = report_pictures(recognizer, options.pictures)
    if pictures:
        figures["pictures"] = pictures
    if options.sheet:
        draw_errors(errors, options.sheet)
    if options.save and figures:
        report = load_report(options.network)
        (report["int8"] if options.fast else report)["pen"] = figures
        save_report(options.network, report)


def report_mnist(recognizer: Recognizer, folder: str | None) -> None:
    test = load_mnist(folder, progress=True)[1]
    probabilities = recognizer.probabilities(test.frames)
    right = probabilities.argmax(axis=1) == test.labels
    print("MNIST test set, one pass")
    show("all 10,000", right)
    show("first 5,000", right[:5000])
    show("last 5,000", right[5000:])
    show("without the 15 disputed", np.delete(right, DISPUTED))
    show_calibration(probabilities, test.labels)


def report_unipen(recognizer: Recognizer, folder: Path, errors: list) -> dict:
    """Prints how well the first set of pen drawings is read, in all ways."""
    digits = pens.read_drawings(folder / "unipen-dev.jsonl.gz")
    if not digits:
        print(f"\nNo pen drawings in {folder}: nothing to measure them with.")
        return {}
    labels = np.array([int(item["label"]) for item in digits])
    placed = pens.place(digits)
    probabilities, figures = report_drawings(recognizer, "unipen-dev", digits, placed, errors)
    right = probabilities.argmax(axis=1) == labels
    figures = {"strokes": figures, **{k: figures[k] for k in ("refused", "covered", "set_size")}}
    for name, members in pens.glyph_groups(digits, labels).items():
        figures[name] = accuracy(probabilities[members], labels[members])
        show(f"  {name}", right[members])
    figures["ece"] = calibration(probabilities, labels)["ece"]
    return figures | report_pixels(recognizer, placed, labels)


def report_other_sets(recognizer: Recognizer, folder: Path, errors: list) -> list[dict]:
    """Prints how well drawings of other sources, and bitmaps, are read."""
    rows = []
    for file, name in OTHER_DRAWINGS.items():
        digits = pens.read_drawings(folder / f"{file}.jsonl.gz")
        if digits:
            _, figures = report_drawings(recognizer, file, digits, pens.place(digits), errors)
            rows.append({"name": name, **figures})
    path = folder / "optdigits-dev.npz"
    if path.exists():
        with np.load(path) as archive:
            images, labels = 255 - archive["x"], archive["y"].astype(int)
        frames = np.stack([frame_of_picture(image) for image in images])
        figures = report_set(recognizer, path.stem, frames, labels, errors)
        rows.append({"name": "UCI's 32x32 bitmaps", **figures})
    return rows


def report_drawings(
    recognizer: Recognizer, name: str, digits: list, placed: list, errors: list
) -> tuple[np.ndarray, dict]:
    """Prints the figures of drawings read by their strokes, and of their writers."""
    labels = np.array([int(item["label"]) for item in digits])
    frames = pens.frames_of_strokes(placed)
    figures = report_set(recognizer, name, frames, labels, errors)
    probabilities = recognizer.probabilities(frames)
    right = probabilities.argmax(axis=1) == labels
    writers = np.array([str(item.get("source", "?")) for item in digits])
    shares = {
        writer: float(right[writers == writer].mean())
        for writer in np.unique(writers)
        if (writers == writer).sum() >= FEWEST
    }
    if shares:
        worst = min(shares, key=shares.get)
        figures["writers_mean"] = float(np.mean([*shares.values()]))
        figures["writers_worst"] = shares[worst]
        print(
            f"  {len(shares)} writers: mean {figures['writers_mean']:.2%}, worst "
            f"{figures['writers_worst']:.2%}"
        )
    return probabilities, figures


def report_set(
    recognizer: Recognizer, name: str, frames: np.ndarray, labels: np.ndarray, errors: list
) -> dict:
    """Prints accuracy, calibration, refusals and answer sets of frames."""
    probabilities = recognizer.probabilities(frames)
    right = probabilities.argmax(axis=1) == labels
    errors += list(frames[~right])
    answers = [recognizer.answer(row) for row in probabilities]
    print(f"\n{name}, {len(labels):,}")
    show("accuracy", right)
    figures = {
        **accuracy(probabilities, labels),
        "ece": show_calibration(probabilities, labels),
        "refused": float(np.mean([not answer.is_digit for answer in answers])),
        "covered": float(
            np.mean([k in answer.digits for k, answer in zip(labels, answers, strict=True)])
        ),
        "set_size": float(np.mean([len(answer.digits) for answer in answers])),
    }
    print(
        f"  refused {figures['refused']:.2%}; answer sets hold the truth {figures['covered']:.2%}, "
        f"with {figures['set_size']:.3f} digits on average"
    )
    return figures


def report_pixels(recognizer: Recognizer, placed: list, labels: np.ndarray) -> dict:
    """Prints how well drawings are read as pictures.

    Returns:
        `"pixels"`, the figures over all pen widths, and `"widths"`, a row of figures for each
        width and preparation.
    """
    by_width, rows = [], []
    for width in pens.PEN_WIDTHS:
        pictures = [draw_canvas(strokes, width, pens.CANVAS_SIDE) for strokes in placed]
        read = recognizer.probabilities(np.stack([to_mnist(picture) for picture in pictures]))
        by_width.append(read)
        show(f"pixels, pen {width}", read.argmax(axis=1) == labels)
        rows.append({"way": "pixels", "pen_width": width, **accuracy(read, labels)})
        plain = np.stack([cv2.resize(picture, (28, 28)) for picture in pictures])
        read = recognizer.probabilities(np.clip(plain, 0, 1))
        show(f"plain resize, pen {width}", read.argmax(axis=1) == labels)
        rows.append({"way": "plain resize", "pen_width": width, **accuracy(read, labels)})
    shares = [(read.argmax(axis=1) == labels).mean() for read in by_width]
    print(f"  {'pixels, mean of pen widths':<34}{np.mean(shares):8.2%}")
    print(f"  {'pixels, spread over them':<34}{np.ptp(shares):8.2%}")
    together = accuracy(np.concatenate(by_width), np.tile(labels, len(pens.PEN_WIDTHS)))
    return {"pixels": together, "widths": rows}


def report_letters(recognizer: Recognizer, folder: Path) -> float:
    """Prints and returns the AUROC of digits against letters that look like no digit."""
    letters = pens.read_drawings(folder / "letters-dev.jsonl.gz")
    digits = pens.read_drawings(folder / "unipen-dev.jsonl.gz")
    scores = []
    for drawings in (digits, letters):
        read = recognizer.probabilities(pens.frames_of_strokes(pens.place(drawings)))
        scores.append(np.sort(read, axis=1)[:, -2:].sum(axis=1))  # what the refusal goes by
    of_digits, of_letters = scores
    names = np.array([item["label"] for item in letters])
    alike = np.isin(names, list(pens.LOOK_ALIKES))
    refused = of_letters < recognizer.confidence.refusal_threshold
    without = auroc(of_digits, of_letters[~alike])
    print(f"\nLetters, {len(letters):,}: chance that a digit is answered more surely (AUROC)")
    print(f"  {'without look-alikes':<34}{without:8.4f}   {refused[~alike].mean():.1%} are refused")
    print(f"  {'all':<34}{auroc(of_digits, of_letters):8.4f}   {refused.mean():.1%} are refused")
    shares = {name: 1 - refused[names == name].mean() for name in np.unique(names[~alike])}
    worst = sorted(shares, key=shares.get, reverse=True)[:6]
    print("  accepted most often: " + ", ".join(f"{name} {shares[name]:.0%}" for name in worst))
    return without


def report_probes(recognizer: Recognizer) -> None:
    print("\nRare glyphs, each by 100 hands")
    for name, (digit, shape) in PROBES.items():
        frames = np.stack([strokes_to_mnist(strokes, 1) for strokes in by_many_hands(shape)])
        read = recognizer.probabilities(frames).argmax(axis=1)
        others = np.bincount(read[read != digit], minlength=10)
        instead = f"   else {others.argmax()}" if others.any() else ""
        print(f"  {name:<34}{(read == digit).mean():8.0%}{instead}")


def listed_pictures(folder: Path, mode: str) -> list[dict]:
    """The rows of a folder's `manifest.csv` with a mode; says so if there is no such file."""
    manifest = folder / "manifest.csv"
    if not manifest.exists():
        print(f"\nNo manifest.csv in {folder}: no pictures to read.")
        return []
    with manifest.open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["mode"] == mode]


def report_pictures(recognizer: Recognizer, folder: Path) -> dict:
    """Prints how many single pictures of each kind are read right, or refused with a reason.

    Returns:
        The figures of all kinds together, as `evaluation.accuracy` has them; empty if there are
        no pictures.
    """
    rows = listed_pictures(folder, "single")
    if not rows:
        return {}
    kinds: dict[str, list[bool]] = {}
    for row in rows:
        try:
            found = read_one_digit(decode((folder / row["file"]).read_bytes()), recognizer)
            said = str(found.digits[0]) if found.digits else ""
        except DigitError:
            said = ""
        wanted = row["label"] if len(row["label"]) == 1 else ""  # none, or several digits
        kinds.setdefault(row["kind"], []).append(said == wanted)
    print(f"\nSingle pictures, {len(rows)}: read right, or refused if they hold no single digit")
    for kind, right in kinds.items():
        show(kind, np.array(right))
    everything = np.concatenate([np.array(right) for right in kinds.values()])
    show("all", everything)
    num_right, num_all = int(everything.sum()), len(everything)
    low, high = wilson_interval(num_right, num_all)
    names = ("accuracy", "low", "high", "num_right", "num_all")
    figures = (num_right / num_all, low, high, num_right, num_all)
    return dict(zip(names, figures, strict=True))


def draw_errors(errors: list[np.ndarray], path: Path) -> None:
    """Draws all misread frames into a picture file."""
    if not errors:
        return
    frames = np.stack(errors)
    missing = -len(frames) % ERROR_COLUMNS
    frames = np.concatenate([frames, np.zeros((missing, 28, 28), np.float32)])
    rows = frames.reshape(-1, ERROR_COLUMNS, 28, 28).transpose(0, 2, 1, 3)
    sheet = 255 - np.round(rows.reshape(-1, ERROR_COLUMNS * 28) * 255).astype(np.uint8)
    cv2.imwrite(str(path), sheet.repeat(2, axis=0).repeat(2, axis=1))
    print(f"\n{len(errors)} misread frames are in {path}")


def show(name: str, right: np.ndarray) -> None:
    low, high = wilson_interval(int(right.sum()), len(right))
    share = right.mean() if len(right) else float("nan")
    print(f"  {name:<34}{share:8.2%}   {low:.2%} to {high:.2%}   n = {len(right):,}")


def show_calibration(probabilities: np.ndarray, labels: np.ndarray) -> float:
    figures = calibration(probabilities, labels)
    print(
        f"  calibration error {figures['ece']:.4f}, negative log-likelihood "
        f"{figures['nll']:.4f}, Brier score {figures['brier']:.4f}"
    )
    return figures["ece"]


if __name__ == "__main__":
    main()
