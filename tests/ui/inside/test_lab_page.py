"""The page How it works."""

import json

from tests.ui.pages import SEVEN, drawing, has_text, opened, page, prediction, settled


def shown(app, name: str) -> dict:
    """What the row, `digitpad_network`, or the opened layer, `digitpad_layer`, shows."""
    items = [item.proto for item in app.get("bidi_component")]
    (item,) = [item for item in items if item.component_name == name]
    return json.loads(item.json)


def lab(*strokes, **state):
    app = page("lab")
    app.session_state["canvas"] = drawing(*strokes)
    for name, value in state.items():
        app.session_state[name] = value
    return settled(app.run())


def test_the_first_visit_begins_with_an_example():
    app = opened("lab")
    assert prediction(app) in "0123456789"
    assert len(app.session_state["canvas_drawing"]) >= 1


def test_a_drawing_is_shown_from_the_frame_to_the_scores():
    app = lab(SEVEN)
    assert prediction(app) == "7"
    steps = shown(app, "digitpad_network")["steps"]
    assert [step["title"] for step in steps] == [
        *("Frame", "Convolution 1", "Convolution 2", "Pooling 1", "Convolution 3"),
        *("Convolution 4", "Pooling 2", "Convolution 5", "Convolution 6"),
    ]
    assert steps[1]["shape"] == "26 × 26 × 32" and steps[1]["weights"] == "320 weights"
    assert "largest" in steps[1]["name"]
    assert shown(app, "digitpad_layer")["title"] == "Convolution 1"
    assert has_text(app.markdown, "Erase the bar of your 7")
    assert [heading.value for heading in app.subheader] == [
        "From your pen to the frame",
        "The same drawing in other demos",
    ]
    assert len(app.get("image")) == 3 + 4  # steps, other demos


def test_each_step_opens_with_a_sentence_of_its_own():
    kinds, said = [], set()
    for step in range(10):
        app = lab(SEVEN, opened_layer=(step, None))
        kinds.append(shown(app, "digitpad_layer")["kind"][0])
        said.add(next(text.value for text in app.markdown if "**Try:**" in text.value))
    assert "".join(kinds) == "fccpccpccs"
    assert len(said) == 9  # both poolings say the same


def test_a_choice_that_the_network_does_not_have_is_left_out():
    app = lab(SEVEN, opened_layer=(1, 99))
    assert shown(app, "digitpad_layer")["map"] < 32
