"""Checks the served network: its files, and its answers."""

import zipfile
from importlib import metadata
from pathlib import Path

from model.errors import ArtifactError
from ops.doctor.findings import FAULT, NOTE, OK, Result
from ops.doctor.installation import LOCK_FILE, SERVE_FILE

# Strokes on a canvas of 280 pixels: a digit that must be read, a letter that must be refused.
CANVAS_SIDE = 280
SEVEN = (((80, 60), (200, 60), (120, 230)),)
LETTER = (((60, 230), (140, 50), (220, 230)), ((95, 160), (185, 160)))
# The answers of the shipped network, identified by the beginning of its hash, to both. Another
# answer of the same file means that the runtime computes something else.
KNOWN_NETWORK = "52c4c5497b0c"
KNOWN_ANSWERS = (
    (
        2.44451e-06,
        0.0065942,
        3.106912e-05,
        1.218123e-05,
        7.211493e-06,
        4.282196e-06,
        4.502361e-06,
        0.9932838,
        9.622174e-06,
        5.06908e-05,
    ),
    (
        0.1008598,
        0.1034219,
        0.0972455,
        0.1005869,
        0.0963507,
        0.1007691,
        0.0992916,
        0.1002175,
        0.1005686,
        0.1006884,
    ),
)
TOLERANCE = 1e-4  # processors round differently, by less than 1e-6
NUM_READ = 500  # test images read again, besides those that the report lists as misread


def _folder() -> Path:
    from model.files import served
    from ops.settings import settings

    return served.current(settings().runs)


def network() -> Result:
    from model.files.runs import ONNX_FILE
    from model.reading.recognizer import Recognizer

    return OK, f"{ONNX_FILE} of the run {Recognizer.load(_folder()).version or '?'}"


def known_digit() -> Result:
    import numpy as np

    from model.files.atomic import sha256
    from model.files.runs import ONNX_FILE
    from model.ink.frame import strokes_to_mnist
    from model.reading.recognizer import Recognizer

    recognizer = Recognizer.load(_folder())
    drawings = [[np.array(stroke, float) for stroke in drawing] for drawing in (SEVEN, LETTER)]
    frames = np.stack([strokes_to_mnist(strokes, CANVAS_SIDE) for strokes in drawings])
    probabilities = recognizer.probabilities(frames)
    seven, letter = (recognizer.answer(row) for row in probabilities)
    is_shipped = sha256(_folder() / ONNX_FILE).startswith(KNOWN_NETWORK)
    difference = float(np.abs(probabilities - np.array(KNOWN_ANSWERS)).max())
    if is_shipped and not difference <= TOLERANCE:  # NaN fails too
        version = metadata.version("onnxruntime")
        return FAULT, (
            f"with onnxruntime {version} the answers differ by {difference:.1g} from the tested "
            f'ones: run "pip install -r {SERVE_FILE} -c {LOCK_FILE}".'
        )
    if not seven.is_digit or seven.digits != (7,):
        read = " or ".join(map(str, seven.digits)) if seven.is_digit else "no digit"
        return FAULT, f"a 7 is read as {read}: train again, or restore the file."
    if letter.is_digit:
        return NOTE, f"a 7 is read, but a letter is taken for a {letter.digits[0]}, not refused."
    if is_shipped:
        return OK, f"a 7 is read and a letter refused, to {difference:.0e}"
    return OK, "a 7 is read and a letter refused; there are no tested answers of this network"


def report() -> Result:
    from model.files.runs import check_network

    found = check_network(_folder())
    return OK, f"of {found['run']}, with the network's SHA-256 {found['network']['sha256'][:12]}"


def look_alikes() -> Result:
    from model.files.atomic import sha256
    from model.files.runs import ONNX_FILE
    from model.reading.look_alikes import load_look_alikes

    found = load_look_alikes(_folder())
    if found.network != sha256(_folder() / ONNX_FILE):
        return FAULT, f"they belong to another network than {ONNX_FILE}: restore both."
    return OK, f"{len(found.labels):,} images, made by this network"


def card() -> Result:
    from model.files.atomic import load_json
    from model.files.runs import CARD_FILE, REPORT_FILE, load_card

    run = str(load_json(_folder() / REPORT_FILE, "training report").get("run"))
    if run not in load_card(_folder()):
        return FAULT, f"{_folder() / CARD_FILE} belongs to another run than {run}: restore both."
    return OK, f"of {run}"


def history() -> Result:
    from model.files.runs import HISTORY_FILE, load_history

    if rows := load_history(_folder() / HISTORY_FILE):
        return OK, f"{len(rows)} epochs"
    return NOTE, "none: the dashboard shows no curves of the served network."


def keras_file() -> Result:
    from model.files.runs import KERAS_FILE

    path = _folder() / KERAS_FILE
    if not path.exists():
        return NOTE, f"there is no {path.name}: only fine-tuning with corrections needs it."
    try:
        with zipfile.ZipFile(path) as file:
            damage = file.testzip()
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        damage = str(error)
    if damage:
        return FAULT, f"{path} is damaged ({damage}): restore it, fine-tuning needs it."
    return OK, f"{path.stat().st_size / 1e6:.1f} MB, undamaged"


def former() -> Result:
    from model.files import served
    from model.files.runs import check_network
    from ops.settings import settings

    folder = served.former(settings().runs)
    if folder is None:
        return None
    try:
        return OK, f"{check_network(folder)['run']} can be served again"
    except ArtifactError as error:
        return NOTE, str(error)


def misread_images() -> Result:
    """Whether the network misreads the same test images as in its report, for some of them."""
    import numpy as np

    from model.files.runs import load_report
    from model.learning import data
    from model.reading.recognizer import Recognizer
    from ops.settings import settings

    folder = data.local_folder(settings().data)
    if folder is None:
        return None
    test = data.load_mnist(folder)[1]
    reported = load_report(_folder())["test"].get("misses", [])
    some = np.union1d(np.arange(NUM_READ), np.array(reported, int))
    answers = Recognizer.load(_folder()).probabilities(test.frames[some]).argmax(axis=1)
    misread = set(some[answers != test.labels[some]].tolist())
    num_different = len(misread ^ set(reported))
    if num_different > 1:  # one between two digits may change with the processor's rounding
        return FAULT, (
            f"{num_different} of {len(some)} are not read as in the report: restore network and "
            "report, or train again."
        )
    return OK, f"{len(some)} are read as in the report, {len(misread)} of them wrong"
