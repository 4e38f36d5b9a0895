"""The settings of a training run; importing them needs no Keras."""

from dataclasses import asdict, dataclass
from pathlib import Path

from model.errors import ArtifactError
from model.files import runs
from model.files.atomic import dataclass_from_json, load_json


@dataclass(frozen=True)
class TrainConfig:
    """All settings of a run; saved beside its network.

    Attributes:
        preset: Which network and recipe: `digitpad` or `tutorial`.
        epochs: Passes over the training images.
        batch_size: Images a step.
        seed: Of initial weights, order, dropout and distortions.
        learning_rate: The peak; the tutorial's stays constant.
        weight_decay: AdamW's; 0 is plain Adam.
        modern: Distortions, glyph grafts, negatives, cosine schedule, weight averaging and a
            validation split that keeps writers apart. Without it, all 60,000 images train as
            they are, as in the tutorials.
        start_from: The run, beside this one, whose weights it begins with; empty for random ones.
        start_share: The share of those weights in the mean with the trained ones that the network
            ends with; 0 leaves the trained ones.
        distortion: Times the ranges in which frames are turned, scaled, sheared, shifted and bent.
        sweep: The sweep that it is a trial of; empty for others.
    """

    preset: str = "digitpad"
    epochs: int = 55
    batch_size: int = 128
    seed: int = 1
    learning_rate: float = 2e-3
    weight_decay: float = 2e-4
    modern: bool = True
    start_from: str = ""
    start_share: float = 0.0
    distortion: float = 1.0
    sweep: str = ""


# Lowest and highest value; a whole number here means that the setting is one.
BOUNDS = {
    "epochs": (1, runs.MAX_EPOCHS),
    "batch_size": (1, 60_000),
    "seed": (0, 2**32 - 1),
    "learning_rate": (1e-8, 10.0),
    "weight_decay": (0.0, 10.0),
    "start_share": (0.0, 1.0),
    "distortion": (0.0, 3.0),
}
VARIED = ("seed", "learning_rate", "distortion")  # what a sweep can try
ADDED = {"distortion": 1.0, "sweep": ""}  # settings that runs of earlier versions do not name
PRESETS = {
    "digitpad": TrainConfig(),
    "tutorial": TrainConfig(
        preset="tutorial",
        epochs=10,
        batch_size=32,
        learning_rate=1e-3,
        weight_decay=0.0,
        modern=False,
    ),
}


def start_run(config: TrainConfig, folder: Path, kind: str = "") -> Path:
    """Makes a run's folder, named by time and kind (default: the preset), with its settings.

    Raises:
        ArtifactError: If it can't be made.
    """
    return runs.start_run(asdict(config), folder, kind or config.preset)


def load_config(run: Path) -> TrainConfig:
    """The settings of a run that was started before.

    Raises:
        ArtifactError: If they are missing, of another version, or no settings of a run.
    """
    content = load_json(run / runs.CONFIG_FILE, "configuration")
    content = ADDED | content
    config = dataclass_from_json(TrainConfig, content)
    odd = [name for name, value in content.items() if not _is_setting(name, value)]
    if odd:
        raise ArtifactError(
            f"The settings of the run {run.name} make no sense ({', '.join(odd)}): start a new run."
        )
    return config


def _is_setting(name: str, value: object) -> bool:
    """Whether a value read from a file is one that a setting can have."""
    if name == "preset":
        return isinstance(value, str) and value in PRESETS
    if name == "modern":
        return isinstance(value, bool)
    if name == "sweep":
        return isinstance(value, str)
    if name == "start_from":
        return isinstance(value, str) and "/" not in value
    low, high = BOUNDS[name]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return (is_whole or (isinstance(value, float) and isinstance(low, float))) and (
        low <= value <= high  # NaN fails, too
    )
