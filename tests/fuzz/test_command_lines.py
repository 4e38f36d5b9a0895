"""Fuzzes options and variables of `train.py`, and the settings of a run to resume."""

import contextlib
import io
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

import train
from model.files import served
from model.files.runs import CONFIG_FILE, load_report
from model.files.served import SHIPPED
from model.learning import data
from model.learning.config import PRESETS
from ops.corrections import Corrections
from ops.settings import settings as ops_settings
from ops.training_jobs import check_allowed
from tests.fuzz import fuzzing

OPTIONS = (
    *("--preset", "--epochs", "--batch-size", "--seed", "--learning-rate", "--weight-decay"),
    *("--data", "--ship", "--runs", "--resume", "--corrections", "--min-accuracy", "--tensorboard"),
    *("--force", "--no-serve", "--x", "-", "--", "--help"),
    *("--sweep", "--vary", "--storage", "--beside", "--distortion"),
)
WORDS = (
    *("1", "0", "-1", "nan", "inf", "1e999", "1e-9", "9" * 5000, "tutorial", "digitpad", "x", ""),
    *("/dev/null", "/dev/null/x", "/proc/x", "a" * 300, "a/" * 3000, "é", "\udcff", "..", "~"),
    *("\n", "٣", "RUN", "seed=1..2", "learning-rate=0.1,0.2", "seed=", "sqlite://", "x://y"),
)
VARIABLES = (
    "DIGITPAD_DATA",
    "DIGITPAD_RUNS",
    "DIGITPAD_CORRECTIONS",
    "DIGITPAD_TRAINING",
    "KERAS_HOME",
)
ORDINARY_VARIABLES = {"DIGITPAD_DATA": "", "DIGITPAD_TRAINING": "on", "KERAS_HOME": "keras"}
SETTINGS = vars(PRESETS["digitpad"])
OPTION = st.one_of(
    *[st.tuples(st.sampled_from(OPTIONS), st.sampled_from(WORDS))] * 4,
    st.tuples(st.sampled_from(OPTIONS)),
)
COMMAND_LINES = st.tuples(
    st.lists(OPTION, max_size=4).map(lambda options: [word for each in options for word in each])
    | st.just(["--resume", "RUN"]),
    st.dictionaries(st.sampled_from(VARIABLES), st.sampled_from(WORDS)),
    fuzzing.changed_json(SETTINGS),
)


def _load_mnist(folder=None, **_) -> tuple[None, None]:
    """Reads a folder that is named, and downloads nothing."""
    if folder or not data.needs_download():
        data.load_mnist(folder)
    return None, None


def _judge(_network, _config, _mnist, _test, run: Path) -> dict:
    shutil.copytree(SHIPPED, run, dirs_exist_ok=True)
    return load_report(run)


TRAINING = SimpleNamespace(train=lambda *_, **__: None, judge=_judge)  # without Keras


def check(payload: tuple[list[str], dict[str, str], bytes], folder: Path) -> str:
    """Runs `train.py` with everything but the training itself, which would take minutes."""
    words, variables, settings = payload
    here = folder / "here"
    (here / "RUN").mkdir(parents=True)
    (here / "RUN" / CONFIG_FILE).write_bytes(settings)
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, ORDINARY_VARIABLES | variables),
        contextlib.chdir(here),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        outcome = fuzzing.outcome_of(
            lambda: _load_mnist(ops_settings().data), lambda: Corrections().load(), check_allowed
        )
        with (
            mock.patch.object(train, "load_mnist", _load_mnist),
            mock.patch.object(served, "SHIPPED", folder / "trained"),
            mock.patch("model.learning.training", TRAINING, create=True),
            mock.patch("model.learning.judging", TRAINING, create=True),
            mock.patch("model.learning.finetuning", None, create=True),
        ):
            try:
                code = train.main(["--runs", "runs", *words])
            except SystemExit as error:
                assert error.code == 0 or "error: " in errors.getvalue()
                return fuzzing.SENTENCE
    if code:
        fuzzing.check_sentence(errors.getvalue().strip().splitlines()[-1])  # above it, the log
        return fuzzing.SENTENCE
    return outcome


TARGET = fuzzing.Target(COMMAND_LINES, check, share=6, ordinary=((["--force"], {}, b""),))


@fuzzing.few_examples(10)
@given(COMMAND_LINES)
def test_any_command_line_trains_or_is_refused_in_a_sentence(payload):
    TARGET.run(payload)
