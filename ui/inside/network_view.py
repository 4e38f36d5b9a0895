"""Shows the network from the inside: a row of layers, and the arithmetic of one of them."""

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from model.reading.inside import CONVOLUTION, FRAME, POOLING, Layer, Scores

KEY = "network"  # the row's own state
_OPENED = "opened_layer"  # layer and map that the visitor pressed; outlives the page

_STYLE = Path(__file__).with_name("network.css").read_text()
_SCRIPT = Path(__file__).with_name("network.js").read_text()
_ROW = st.components.v2.component(
    "digitpad_network",
    html='<ol class="row" aria-label="The network, from the frame to the scores"></ol>',
    css=_STYLE,
    js=_SCRIPT,
)
_DETAIL = st.components.v2.component(
    "digitpad_layer",
    html='<div class="detail"><div class="maps" role="group"></div><div class="sum"></div></div>',
    css=_STYLE,
    js=_SCRIPT,
)


def show_row(layers: list[Layer]) -> None:
    """Shows each layer's strongest map, or the one that the visitor chose; pressing opens it.

    Args:
        layers: As `layers_of` returns them.
    """
    opened, chosen = opened_layer(layers)
    steps = []
    for index, (layer, title) in enumerate(zip(layers, titles(layers), strict=True)):
        which = chosen if index == opened else layer.strongest
        rows, cols, num = layer.maps.shape
        steps.append(
            {
                "title": title,
                "shape": f"{rows} × {cols}" + (f" × {num}" if num > 1 else ""),
                "weights": f"{layer.num_weights:,} weights" if layer.num_weights else "",
                "side": rows,
                "map": which,
                "name": map_name(layer, title, which),
                "pixels": _bytes(layer.maps[..., which : which + 1]),
            }
        )
    _ROW(
        key=KEY,
        data={"steps": steps, "opened": opened, "scores": len(layers)},
        on_opened_change=_open,
    )


def show_layer(layers: list[Layer]) -> None:
    """Shows all maps of the opened layer, and the arithmetic behind each number of one of them."""
    opened, chosen = opened_layer(layers)
    layer, title = layers[opened], titles(layers)[opened]
    data = {
        "layer": opened,
        "kind": layer.kind,
        "title": title,
        "side": layer.maps.shape[0],
        "map": chosen,
        "names": [map_name(layer, title, index) for index in range(layer.maps.shape[-1])],
        "pixels": _bytes(layer.maps),
        "values": _floats(layer.maps[..., chosen]),
    }
    if layer.kind == CONVOLUTION:
        inputs = layers[opened - 1].maps
        data |= {
            "inputs": _floats(inputs.transpose(2, 0, 1)),
            "inputSide": inputs.shape[0],
            "inputTitle": titles(layers)[opened - 1],
            "kernel": _floats(layer.kernel[chosen]),
            "bias": float(layer.bias[chosen]),
        }
    elif layer.kind == POOLING:
        inputs = layers[opened - 1].maps
        data |= {"inputs": _floats(inputs[..., chosen]), "inputSide": inputs.shape[0]}
    _DETAIL(key="layer", data=data, on_opened_change=_open_map)


def show_scores(scores: Scores, digit: int, probabilities: np.ndarray) -> None:
    """Shows what each place of the last map adds to a digit's score.

    Args:
        scores: As `scores_of` returns them.
        digit: Whose score.
        probabilities: `(10,)`, what the page answers with.
    """
    data = {
        "kind": "scores",
        "title": f"Score of {digit}",
        "side": scores.places.shape[0],
        "map": digit,
        "names": [f"Places that speak for {each}" for each in range(10)],
        "values": _floats(scores.places[..., digit]),
        "bias": float(scores.bias[digit]),
        "score": float(scores.logits[digit]),
        "probability": float(probabilities[digit]),
        "all": [round(float(score), 2) for score in scores.logits],
    }
    _DETAIL(key="layer", data=data, on_opened_change=_open_map)


def opened_layer(layers: list[Layer]) -> tuple[int, int]:
    """The opened layer's place in the row and its chosen map; the scores come after the layers."""
    opened, chosen = st.session_state.get(_OPENED, (1, None))
    if opened >= len(layers):
        return len(layers), chosen or 0
    layer = layers[opened]
    if chosen is None or chosen >= layer.maps.shape[-1]:
        chosen = layer.strongest
    return opened, chosen


def has_scores_open(layers: list[Layer]) -> bool:
    """Whether the scores are open instead of a layer."""
    return opened_layer(layers)[0] == len(layers)


def titles(layers: list[Layer]) -> list[str]:
    """The layers' names."""
    counts = {FRAME: 0, CONVOLUTION: 0, POOLING: 0}
    found = []
    for layer in layers:
        counts[layer.kind] += 1
        word = {FRAME: "Frame", CONVOLUTION: "Convolution", POOLING: "Pooling"}[layer.kind]
        found.append(word if layer.kind == FRAME else f"{word} {counts[layer.kind]}")
    return found


def map_name(layer: Layer, title: str, index: int) -> str:
    """A map's name with its values, for screen readers."""
    one = layer.maps[..., index]
    row, col = np.unravel_index(int(one.argmax()), one.shape)
    if layer.kind == FRAME:
        return f"The frame, {one.shape[0]} by {one.shape[1]} pixels, ink in {(one > 0).sum()}"
    if not one.max():
        return f"{title}, map {index + 1}: dark"
    return f"{title}, map {index + 1}: largest {one.max():.2f}, at row {row + 1}, column {col + 1}"


def _open() -> None:
    """A layer, or the scores, was pressed in the row."""
    pressed = st.session_state[KEY].get("opened")
    if isinstance(pressed, int) and 0 <= pressed <= 100:
        st.session_state[_OPENED] = (pressed, None)


def _open_map() -> None:
    """Another map of the opened layer was pressed."""
    pressed = st.session_state["layer"].get("opened")
    if isinstance(pressed, int) and pressed >= 0:
        st.session_state[_OPENED] = (st.session_state.get(_OPENED, (1, None))[0], pressed)


def _bytes(maps: np.ndarray) -> str:
    """Maps `(rows, cols, num)` for the page, each scaled to its own maximum; one after another."""
    highest = np.maximum(maps.max(axis=(0, 1)), 1e-9)
    shades = np.round(np.clip(maps / highest, 0, 1) * 255).astype(np.uint8)
    return base64.b64encode(np.ascontiguousarray(shades.transpose(2, 0, 1))).decode()


def _floats(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4")).decode()
