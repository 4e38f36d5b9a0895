"""Frames in, probabilities out: the exported network, served by ONNX Runtime.

The app reads digits through this module alone; neither TensorFlow nor Keras is imported.
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
from model.files.artifacts import (
    MAX_NETWORK_BYTES,
    ONNX_FILE,
    REPORT_FILE,
    RETRAIN,
    TRAINED,
    is_vouched_for,
    read,
    settle,
    steadily,
    version_key,
)
from model.ink.frame import FRAME_SIDE
from model.reading.confidence import Answer, Confidence

BATCH = 50  # frames a call; more are no faster and cost memory
NUM_CLASSES = 10
SMALLEST = 1e-9  # keeps a blank frame's features finite
CONFIDENCE_KEY = "confidence"  # where the ONNX file's notes hold the fitted confidence
RUN_KEY = "run"  # and the name of the run that trained it
# What a network is tried on: a blank frame, and one with ink of every strength.
_TRIED = np.stack(
    [np.zeros(FRAME_SIDE**2, np.float32), np.linspace(0, 1, FRAME_SIDE**2, dtype=np.float32)]
).reshape(2, FRAME_SIDE, FRAME_SIDE)


class Recognizer:
    """A trained network, ready to read frames; one may serve many threads.

    Attributes:
        confidence: How its probabilities become answers.
        version: The name of the run that trained it, `""` if its file does not say.

    Example:
        >>> recognizer = Recognizer.load()
        >>> recognizer.probabilities(np.zeros((3, 28, 28), np.float32)).shape
        (3, 10)
    """

    def __init__(self, session: onnxruntime.InferenceSession):
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [output.name for output in session.get_outputs()]
        self._personalisation = None
        notes = session.get_modelmeta().custom_metadata_map
        fitted = notes.get(CONFIDENCE_KEY)
        self.confidence = Confidence(**json.loads(fitted)) if fitted else Confidence()
        self.version = notes.get(RUN_KEY, "")

    @classmethod
    def load(cls, folder: Path = TRAINED) -> "Recognizer":
        """Loads `digits.onnx` from a folder and tries it on two frames.

        Raises:
            ArtifactError: If it is missing, damaged, not the one that the report beside it was
                written of, or not a digit network.
        """
        path = folder / ONNX_FILE
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is raised; the log repeats it
        # One frame takes under a millisecond on one thread; more threads only fight over it.
        options.intra_op_num_threads = 1
        # Its own store of memory is no faster here, and keeps for ever what was taken at once: 500
        # MB when two threads had read 500 frames a call.
        options.enable_cpu_mem_arena = False
        try:
            content = steadily(folder, lambda: _vouched_for(folder))
        except FileNotFoundError as error:
            raise ArtifactError(f"There is no trained network at {path}. {RETRAIN}") from error
        except OSError as error:
            raise ArtifactError(
                f"The trained network at {path} can't be read ({error.strerror}). {RETRAIN}"
            ) from error
        try:
            session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
            recognizer = cls(session)
            recognizer.key = (recognizer.version, hashlib.sha256(content).hexdigest())
            answer = recognizer._raw(_TRIED)
            is_digits = (
                answer.shape == (len(_TRIED), NUM_CLASSES)
                and answer.dtype == np.float32
                and answer.min() >= 0
                and np.allclose(answer.sum(axis=1), 1, atol=1e-3)
            )
        except Exception as error:  # ONNX Runtime raises types of its own, by cause
            raise ArtifactError(
                f"The trained network at {path} is damaged or not a digit network "
                f"({type(error).__name__}). {RETRAIN}"
            ) from error
        if not is_digits:
            raise ArtifactError(
                f"The trained network at {path} does not answer with ten probabilities. {RETRAIN}"
            )
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
        if self._personalisation:
            return self._personalisation.adjust(self.features(frames), self._plain(frames))
        return self._plain(frames)

    def _plain(self, frames: np.ndarray) -> np.ndarray:
        batches = [self._raw(frames[at : at + BATCH]) for at in range(0, len(frames), BATCH)]
        raw = np.concatenate(batches)
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
        other = copy.copy(self)
        other._personalisation = personalisation
        return other

    def maps(self, name: str, frames: np.ndarray) -> np.ndarray:
        """What a layer makes of frames.

        Args:
            name: `"layer_1"` or `"layer_2"`, the first convolutions; `"last_map"`, what the
                head reads; `"class_maps"`, what each place of it adds to each digit's logit.
            frames: As in `probabilities`.

        Returns:
            `float32` array of shape `(n, rows, cols, channels)`; for class maps, a channel is a
            digit.

        Raises:
            ArtifactError: If the network's file has no such output.
        """
        if name not in self._outputs:
            raise ArtifactError(
                f"The network's file has no {name}, so this can't be shown. {RETRAIN}"
            )
        maps = self._run(name, frames)
        is_for_digits = name != "class_maps" or maps.shape[-1] == NUM_CLASSES
        if maps.ndim != 4 or len(maps) != len(frames) or 0 in maps.shape or not is_for_digits:
            raise ArtifactError(
                f"The network's {name} has the shape {maps.shape}, so this can't be shown. "
                f"{RETRAIN}"
            )
        return maps

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
        batches = []
        for at in range(0, len(frames), BATCH):
            last_map = self.maps("last_map", frames[at : at + BATCH])
            quarters = [
                quarter.mean(axis=(1, 2))
                for half in np.array_split(last_map, 2, axis=1)
                for quarter in np.array_split(half, 2, axis=2)
            ]
            loudness = np.sqrt(np.maximum(np.concatenate(quarters, axis=1), 0))
            length = np.linalg.norm(loudness, axis=1, keepdims=True)
            batches.append(loudness / np.maximum(length, SMALLEST))
        return np.concatenate(batches)

    def _raw(self, frames: np.ndarray) -> np.ndarray:
        """The network's own probabilities."""
        return self._run(self._outputs[0], frames)

    def _run(self, output: str, frames: np.ndarray) -> np.ndarray:
        answer = self._session.run([output], {self._input: frames[..., None]})[0]
        if not isinstance(answer, np.ndarray):
            raise ArtifactError(f"The network's {output} is no array. {RETRAIN}")
        return answer

    def answer(self, probabilities: np.ndarray) -> Answer:
        """What to say of one frame's probabilities, an array of shape `(10,)`."""
        return self.confidence.answer(probabilities)


def _vouched_for(folder: Path) -> bytes:
    """The network's file, if it is the one that the report beside it was written of.

    A flipped bit in its weights would change answers and nothing else.

    Raises:
        OSError: If it can't be read.
        ArtifactError: If it is not what the report is of.
    """
    path = folder / ONNX_FILE
    content = read(path, MAX_NETWORK_BYTES)
    if not is_vouched_for(content, folder):
        raise ArtifactError(
            f"The trained network at {path} is damaged or was replaced: its SHA-256 is not the one "
            f"in {REPORT_FILE} beside it. {RETRAIN}"
        )
    return content


_loading = threading.Lock()
_served: dict[Path, tuple[int, Recognizer]] = {}  # by folder: the file's version and its network


def served(folder: Path = TRAINED) -> Recognizer:
    """The network of a folder, one for all threads of the process; after retraining, the new one.

    Raises:
        ArtifactError: As `Recognizer.load`, at each call until it is mended.
    """
    version = version_key(folder)
    known, recognizer = _served.get(folder, (None, None))
    if known == version:
        return recognizer
    with _loading:
        known, recognizer = _served.get(folder, (None, None))
        if known != version:  # no other thread was faster
            settle(folder)  # a publication may have been killed on its way
            recognizer = Recognizer.load(folder)
            _served.clear()  # the former one is no longer needed
            _served[folder] = version, recognizer
            # What is loaded by now stays. Left out of the garbage collector's rounds, it no longer
            # stops everyone for a sixth of a second each few hundred answers, but for 0.05 s.
            gc.collect()
            gc.freeze()
    return recognizer
