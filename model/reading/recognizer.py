"""Computes probabilities for frames: runs the exported network with ONNX Runtime.

The app reads digits only through this module, which imports neither TensorFlow nor Keras.
"""

import copy
import gc
import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import onnxruntime

from model.errors import ArtifactError
from model.files import served
from model.files.atomic import RETRAIN, read_bytes, sha256
from model.files.runs import INT8_FILE, ONNX_FILE, REPORT_FILE, load_report
from model.ink.frame import FRAME_SIDE
from model.reading import onnx_parts
from model.reading.confidence import NUM_CLASSES, Answer, Confidence

BATCH = 50  # frames a call; more are no faster and cost memory
SMALLEST = 1e-9  # keeps a blank frame's features finite
CONFIDENCE_KEY = "confidence"  # where the ONNX file's notes hold the fitted confidence
RUN_KEY = "run"  # and the name of the run that trained it
LAST_MAP = "last_map"  # the output that features are made of
# A network is tried on these: a blank frame, and one with ink of every strength.
_TRIAL_FRAMES = np.stack(
    [np.zeros(FRAME_SIDE**2, np.float32), np.linspace(0, 1, FRAME_SIDE**2, dtype=np.float32)]
).reshape(2, FRAME_SIDE, FRAME_SIDE)


class Recognizer:
    """A trained network, ready to read frames; one may serve many threads.

    Args:
        content: An ONNX file's bytes, as `model.learning.network` exports them.

    Attributes:
        content: The file's bytes.
        confidence: How its probabilities become answers.
        version: The name of the run that trained it, `""` if its file does not say.
        key: `(version, SHA-256 of the file)`; tells networks apart, so that what was computed
            with one is never used with another.

    Raises:
        ArtifactError: If the file is damaged or not a digit network.

    Example:
        >>> recognizer = Recognizer.load()
        >>> recognizer.probabilities(np.zeros((3, 28, 28), np.float32)).shape
        (3, 10)
    """

    def __init__(self, content: bytes):
        self._personalisation = None
        self.content = content
        self._sessions: dict[tuple[str, ...], onnxruntime.InferenceSession] = {}
        self._opening = threading.Lock()
        try:
            self._outputs = onnx_parts.output_names(content)
            session = self._session_for(self._outputs[:1])
            self._input = session.get_inputs()[0].name
            notes = session.get_modelmeta().custom_metadata_map
            fitted = notes.get(CONFIDENCE_KEY)
            self.confidence = Confidence(**json.loads(fitted)) if fitted else Confidence()
            self.version = notes.get(RUN_KEY, "")
            self.key = (self.version, hashlib.sha256(content).hexdigest())
            answer = self._run(self._outputs[:1], _TRIAL_FRAMES)[0]
            is_digits = (
                answer.shape == (len(_TRIAL_FRAMES), NUM_CLASSES)
                and answer.dtype == np.float32
                and answer.min() >= 0
                and np.allclose(answer.sum(axis=1), 1, atol=1e-3)
            )
        except ArtifactError:
            raise
        except Exception as error:  # ONNX Runtime raises its own exception types
            raise ArtifactError(
                f"The network is damaged or not a digit network ({type(error).__name__}). {RETRAIN}"
            ) from error
        if not is_digits:
            raise ArtifactError(f"The network does not answer with ten probabilities. {RETRAIN}")

    @classmethod
    def load(cls, folder: Path | None = None, is_fast: bool = False) -> "Recognizer":
        """Loads `digits.onnx` from a run's folder and tries it on two frames.

        Args:
            folder: The folder. Default: the shipped network's.
            is_fast: Whether to load the int8 network beside it, which answers with
                probabilities alone.

        Raises:
            ArtifactError: If it is missing, damaged, not the one that the report beside it was
                written about, or not a digit network.
        """
        folder = served.SHIPPED if folder is None else folder
        path = folder / (INT8_FILE if is_fast else ONNX_FILE)
        try:
            content = read_bytes(path)
        except FileNotFoundError as error:
            if is_fast:
                raise ArtifactError(
                    f"There is no int8 network at {path}: leave --fast out, or train a network "
                    'with "python train.py", which makes one unless it reads worse.'
                ) from error
            raise ArtifactError(f"There is no trained network at {path}. {RETRAIN}") from error
        except OSError as error:
            raise ArtifactError(
                f"The trained network at {path} can't be read ({error.strerror}). {RETRAIN}"
            ) from error
        try:
            recognizer = cls(content)
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from error
        _check_report(recognizer, path, "int8" if is_fast else "network")
        return recognizer

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        """Reads frames.

        Args:
            frames: `float32` array of shape `(n, 28, 28)`, 0 paper to 1 ink.

        Returns:
            `float32` array of shape `(n, 10)`; each row adds up to 1.

        Raises:
            ValueError: If shape or dtype differ, or a value is outside 0 to 1.
        """
        if frames.dtype != np.float32 or frames.shape[1:] != (FRAME_SIDE, FRAME_SIDE):
            raise ValueError(
                f"frames must be float32 of shape (n, 28, 28). Received: {frames.dtype} "
                f"{frames.shape}"
            )
        if len(frames) == 0:
            return np.empty((0, NUM_CLASSES), np.float32)
        if not (frames.min() >= 0 and frames.max() <= 1):  # NaN fails both
            raise ValueError(
                f"frames must lie in 0 to 1. Received: {frames.min()} to {frames.max()}"
            )
        if self._personalisation is None:
            (raw,) = self._in_batches(self._outputs[:1], frames)
            return self._softened(raw)
        raw, last_map = self._in_batches([self._outputs[0], LAST_MAP], frames)
        return self._personalisation.adjust(_pooled(last_map), self._softened(raw))

    def _softened(self, raw: np.ndarray) -> np.ndarray:
        if not np.isfinite(raw).all():
            raise ArtifactError(f"The network answers with what are no probabilities. {RETRAIN}")
        return self.confidence.soften(raw)

    def adapted(self, personalisation) -> "Recognizer":
        """Another recognizer with the same network that also knows one person's handwriting.

        Args:
            personalisation: A `model.reading.personalisation.Personalisation`.

        Raises:
            ValueError: If it was learnt with another network.
        """
        if personalisation.network != self.key:
            raise ValueError(
                f"personalisation must be of the network {self.key}. Received: "
                f"{personalisation.network}"
            )
        self._check_output(LAST_MAP)
        other = copy.copy(self)
        other._personalisation = personalisation
        return other

    @property
    def plain(self) -> "Recognizer":
        """The same network without any personalisation."""
        if self._personalisation is None:
            return self
        other = copy.copy(self)
        other._personalisation = None
        return other

    def maps(self, name: str, frames: np.ndarray) -> np.ndarray:
        """What a layer makes of frames.

        Args:
            name: One of `layer_names`; `"last_map"`, what the head reads; `"class_maps"`, what
                each place of it adds to each digit's logit.
            frames: As in `probabilities`.

        Returns:
            `float32` array of shape `(n, rows, cols, channels)`; for class maps, a channel is a
            digit.

        Raises:
            ArtifactError: If the network's file has no such output.
        """
        self._check_output(name)
        (maps,) = self._run([name], frames)
        is_for_digits = name != "class_maps" or maps.shape[-1] == NUM_CLASSES
        if maps.ndim != 4 or len(maps) != len(frames) or 0 in maps.shape or not is_for_digits:
            raise ArtifactError(
                f"The network's {name} has the shape {maps.shape}, so this can't be shown. "
                f"{RETRAIN}"
            )
        return maps

    @property
    def layer_names(self) -> list[str]:
        """The names of convolutions and poolings, in order: `"layer_1"`, ..., `"pool_1"`, ..."""
        return [name for name in self._outputs if name.startswith(("layer_", "pool_"))]

    def inner(self, frame: np.ndarray) -> dict[str, np.ndarray]:
        """All that the network computes from one frame, and with which weights.

        Args:
            frame: `float32` array of shape `(28, 28)`, 0 paper to 1 ink.

        Returns:
            By name: the layers' maps, `(rows, cols, num_maps)`; for the convolution `layer_k`
            its weights `kernel_k`, `(num_maps, num_inputs, 3, 3)`, and `bias_k`, `(num_maps,)`,
            batch normalisation included; the head's `head_bias`, `(10,)`; `last_map`.

        Raises:
            ArtifactError: If the network's file does not name these parts, or they don't fit
                together.
        """
        for name in ("layer_1", "kernel_1", "head_bias", LAST_MAP):
            self._check_output(name)
        values = dict(zip(self._outputs, self._run(self._outputs, frame[None]), strict=True))
        inner = {}
        for name, value in values.items():
            is_map = name.startswith(("layer_", "pool_")) or name == LAST_MAP
            inner[name] = value[0] if is_map else value
            if is_map and value.ndim != 4:
                raise ArtifactError(f"The network's {name} has the shape {value.shape}. {RETRAIN}")
        num_inputs = 1
        for name in self.layer_names:
            num = inner[name].shape[-1]
            if name.startswith("layer_"):
                number = name.removeprefix("layer_")
                shapes = {f"kernel_{number}": (num, num_inputs, 3, 3), f"bias_{number}": (num,)}
                for weights, shape in shapes.items():
                    if weights not in inner or inner[weights].shape != shape:
                        raise ArtifactError(
                            f"The network's {weights} has not the shape {shape}, so this can't be "
                            f"shown. {RETRAIN}"
                        )
            num_inputs = num
        return inner

    def features(self, frames: np.ndarray) -> np.ndarray:
        """What the network knows of frames before it decides: its last map in four quarters.

        Args:
            frames: As in `probabilities`.

        Returns:
            `float32` array of shape `(n, 4 * channels)`: each channel's mean over the upper
            left, upper right, lower left and lower right quarter, its square root taken (a
            few channels are far louder than the rest) and each row scaled to length 1.

        Raises:
            ArtifactError: As `maps`.
        """
        self._check_output(LAST_MAP)
        (last_map,) = self._in_batches([LAST_MAP], frames)
        return _pooled(last_map)

    def _check_output(self, name: str) -> None:
        if name not in self._outputs:
            raise ArtifactError(
                f"The network's file has no {name}, so this can't be shown. {RETRAIN}"
            )

    def _in_batches(self, outputs: list[str], frames: np.ndarray) -> list[np.ndarray]:
        """The network's outputs for any number of frames, each of shape `(n, ...)`."""
        parts = [
            self._run(outputs, frames[at : at + BATCH])
            for at in range(0, max(len(frames), 1), BATCH)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _run(self, outputs: list[str], frames: np.ndarray) -> list[np.ndarray]:
        """One pass through the part of the network that is asked for."""
        answers = self._session_for(outputs).run(outputs, {self._input: frames[..., None]})
        for name, answer in zip(outputs, answers, strict=True):
            if not isinstance(answer, np.ndarray):
                raise ArtifactError(f"The network's {name} is no array. {RETRAIN}")
        return answers

    def _session_for(self, outputs: list[str]) -> onnxruntime.InferenceSession:
        """A session that computes these outputs and little else, opened when it is first needed."""
        predicted = tuple(self._outputs[:1])
        parts = [predicted, (*predicted, LAST_MAP)]
        part = next((part for part in parts if set(outputs) <= set(part)), ())
        with self._opening:
            if part not in self._sessions:
                self._sessions[part] = _opened(self.content, part)
            return self._sessions[part]

    def answer(self, probabilities: np.ndarray) -> Answer:
        """What to say of one frame's probabilities, an array of shape `(10,)`."""
        return self.confidence.answer(probabilities)


def _opened(content: bytes, outputs: tuple[str, ...]) -> onnxruntime.InferenceSession:
    """A session that computes these outputs of a file, or all without any names."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised; the log would repeat them
    # One frame takes under a millisecond on one thread; more threads only fight over it.
    options.intra_op_num_threads = 1
    # An arena is no faster here, and never gives back what was taken at once: 500 MB after
    # two threads had read 500 frames per call.
    options.enable_cpu_mem_arena = False
    try:
        part = onnx_parts.with_outputs(content, outputs) if outputs else content
        return onnxruntime.InferenceSession(part, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own exception types
        raise ArtifactError(
            f"The network is damaged or not a digit network ({type(error).__name__}). {RETRAIN}"
        ) from error


def _pooled(last_map: np.ndarray) -> np.ndarray:
    """The features that `Recognizer.features` describes, of a last map `(n, rows, cols, k)`."""
    if last_map.ndim != 4:
        raise ArtifactError(
            f"The network's {LAST_MAP} has the shape {last_map.shape}, so it can't be compared. "
            f"{RETRAIN}"
        )
    quarters = [
        quarter.mean(axis=(1, 2))
        for half in np.array_split(last_map, 2, axis=1)
        for quarter in np.array_split(half, 2, axis=2)
    ]
    pooled = np.sqrt(np.maximum(np.concatenate(quarters, axis=1), 0))
    length = np.linalg.norm(pooled, axis=1, keepdims=True)
    return pooled / np.maximum(length, SMALLEST)


def _check_report(recognizer: Recognizer, path: Path, part: str) -> None:
    """Raises `ArtifactError` if the report beside a network was written about another file.

    A flipped bit in the weights would change answers and nothing else. A network without a
    readable report is not checked.
    """
    try:
        described = load_report(path.parent).get(part)
    except ArtifactError:
        return
    expected = described.get("sha256") if isinstance(described, dict) else None
    if expected != recognizer.key[1]:
        raise ArtifactError(
            f"The trained network at {path} is damaged or was replaced: its SHA-256 "
            f"is not the one in {REPORT_FILE} beside it. {RETRAIN}"
        )


_loading = threading.Lock()
_loaded: dict[Path, tuple[str, Recognizer]] = {}  # by folder: the file's SHA-256 and its network


def load_served(runs: Path) -> Recognizer:
    """The network that is served, loaded once per process and again when another one is served.

    Args:
        runs: The runs' folder, whose `served.json` names the network.

    Raises:
        ArtifactError: As `Recognizer.load`, at each call until it is repaired.
    """
    folder = served.current(runs)
    if not (folder / ONNX_FILE).is_file():
        return Recognizer.load(folder)  # raises the sentence
    content = sha256(folder / ONNX_FILE)
    known, recognizer = _loaded.get(folder, (None, None))
    if known == content:
        return recognizer
    with _loading:
        known, recognizer = _loaded.get(folder, (None, None))
        if known != content:  # no other thread was faster
            recognizer = Recognizer.load(folder)
            _loaded.clear()  # the former one is no longer needed
            _loaded[folder] = content, recognizer
            # The garbage collector passes over what is loaded by now: a full collection then
            # stops everyone for 0.05 s instead of a sixth of a second.
            gc.collect()
            gc.freeze()
    return recognizer
