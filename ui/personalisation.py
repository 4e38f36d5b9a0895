"""This visit's handwriting profile, and the served network adapted to it.

A profile works only with the network that it was learned with; with another it is not used.
"""

import contextlib

import numpy as np
import streamlit as st

from model.errors import ArtifactError
from model.learning import augment
from model.learning.data import validation_mask
from model.reading.personalisation import OtherDigits, Personalisation
from model.reading.recognizer import Recognizer
from ui import datasets
from ui.networks import served_network

NUM_REHEARSED = 2000  # other people's digits that a profile must not make the network forget
SEED = 0  # of their choice
PROFILE = "profile"  # of this visit, in Streamlit's session state
_ADAPTED = "adapted"  # the last adapted network, with the network and profile it is made of


def recognizer() -> Recognizer:
    """The served network, adapted to this visit's profile if one is in use.

    Raises:
        ArtifactError: If the network is missing or damaged.
    """
    network, used = served_network(), profile()
    if used is None:
        return network
    last = st.session_state.get(_ADAPTED)
    if last is None or last[0] is not network or last[1] is not used:
        last = network, used, network.adapted(used)
        st.session_state[_ADAPTED] = last
    return last[2]


def profile() -> Personalisation | None:
    """The profile in use; `None` if there is none or another network is served now."""
    kept = st.session_state.get(PROFILE)
    return kept if kept and kept.network == served_network().key else None


def has_outdated_profile() -> bool:
    """Whether this visit's profile is not used because another network is served now."""
    return st.session_state.get(PROFILE) is not None and profile() is None


def use_profile(new: Personalisation | None) -> None:
    """Reads this visitor's drawings with a profile from now on, or with none."""
    st.session_state[PROFILE] = new


def other_digits() -> tuple[OtherDigits, OtherDigits]:
    """Other people's digits as the served network reads them: to rehearse, and to check.

    Raises:
        ArtifactError: If the network is missing or damaged.
    """
    return _other_digits(served_network().key)


def load_other_digits_ahead() -> None:
    """Reads other people's digits before they are needed."""
    with contextlib.suppress(ArtifactError):
        other_digits()


@st.cache_resource(show_spinner="Reading other people's digits", max_entries=1)
def _other_digits(network_key: tuple[str, str]) -> tuple[OtherDigits, OtherDigits]:
    network = served_network()
    data, is_checked = datasets.training_images(), validation_mask()
    if data is None:
        data = datasets.bundled()
        is_checked = np.arange(len(data)) % 3 > 0
    rng = np.random.default_rng(SEED)
    unchecked = np.flatnonzero(~is_checked)
    some = data.take(rng.permutation(unchecked)[:NUM_REHEARSED], "")
    drawn = np.clip(augment.variants(some.frames, some.labels, rng), 0, 1)
    checked = data.take(is_checked, "")
    return (
        OtherDigits.read(np.concatenate([some.frames, drawn]), np.tile(some.labels, 2), network),
        OtherDigits.read(checked.frames, checked.labels, network),
    )
