"""Browse labelled test images with the network's predictions."""

import numpy as np
import streamlit as st

from model.errors import DigitError
from ui import resources
from ui.gallery import gallery

PER_PAGE = 60
SAMPLE = 20
TUTORIAL_IMAGES = (2853, 2000, 1500, 1345)  # those that the textbook example shows
ORDERS = ("Index", "Least sure first", "Most sure first")


def show_all(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = choose(labels, predicted, confidence)
    wrong = predicted != labels
    st.write(f"**{len(chosen):,}** of {len(labels):,} images, {wrong[chosen].sum():,} read wrong")
    if len(chosen) == 0:
        st.info("No image matches: widen a filter.", icon=":material/filter_alt_off:")
        return
    num_pages = -(-len(chosen) // PER_PAGE)
    page = st.number_input(f"Page of {num_pages}", 1, num_pages, key="page", width=160)
    shown = chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
    gallery(images[shown], [caption(i, labels, predicted, confidence) for i in shown], wrong[shown])
    st.caption(
        "✓ read right, ✗ read wrong (dashed frame): predicted label, true label in brackets, "
        "then how sure the network was."
    )


def choose(labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The indices that the filters leave, in the order asked for."""
    with st.container(horizontal=True):
        true = st.selectbox("True label", ["any", *range(10)], width=120, on_change=first_page)
        guess = st.selectbox(
            "Predicted label", ["any", *range(10)], width=140, on_change=first_page
        )
        verdict = st.selectbox("Result", ["all", "right", "wrong"], width=120, on_change=first_page)
        order = st.selectbox("Order", ORDERS, width=180, on_change=first_page)
    keep = np.ones(len(labels), bool)
    if true != "any":
        keep &= labels == true
    if guess != "any":
        keep &= predicted == guess
    if verdict != "all":
        keep &= (predicted == labels) == (verdict == "right")
    chosen = np.flatnonzero(keep)
    if order != "Index":
        sign = 1 if order == "Least sure first" else -1
        chosen = chosen[np.argsort(sign * confidence[chosen], kind="stable")]
    return chosen


def first_page() -> None:
    st.session_state.page = 1


def caption(index: int, labels: np.ndarray, predicted: np.ndarray, confidence: np.ndarray) -> str:
    mark = "✓" if predicted[index] == labels[index] else "✗"
    true = "" if mark == "✓" else f" ({labels[index]})"
    return f"{mark} {predicted[index]}{true} · {confidence[index]:.0%}"


def show_few(images: np.ndarray, labels: np.ndarray, predicted: np.ndarray, which) -> None:
    captions = [f"Predicted Label: {predicted[i]}" for i in which]
    gallery(images[which], captions, (predicted != labels)[which], side=140)


st.title("Test set")
data, problem = resources.test_images()
if problem:
    st.warning(f"{problem} Shown instead: {data.name}, {len(data):,} of them.")
    st.button("Try again to get MNIST", icon=":material/refresh:", on_click=resources.retry_mnist)
try:
    probabilities = resources.predictions(data)
except DigitError as error:
    st.error(str(error))
    st.stop()

view = st.segmented_control(
    "View", ["Browse", "Random sample", "The tutorial's four"], default="Browse", required=True
)
predicted = probabilities.argmax(axis=1)
if view == "Random sample":
    st.button("Another sample", icon=":material/casino:")
    which = np.sort(np.random.default_rng().choice(len(data), SAMPLE, replace=False))
    show_few(data.images, data.labels, predicted, which)
elif view == "The tutorial's four" and not problem:
    show_few(data.images, data.labels, predicted, np.array(TUTORIAL_IMAGES))
    st.caption(f"Images {', '.join(map(str, TUTORIAL_IMAGES))} of {data.name}.")
elif view == "The tutorial's four":
    st.info("The tutorial's four images are MNIST's, which can't be had now.")
else:
    show_all(data.images, data.labels, probabilities)
