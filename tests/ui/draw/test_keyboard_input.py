"""The Draw page's keyboard input: a grid of cells in place of a canvas."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.patterns import segments
from tests.ui.pages import page, panel, prediction, press, settled


def fill(sent: object, command: int = 0) -> AppTest:
    app = page("draw")
    app.session_state["input"] = "Keyboard"
    app.session_state["grid"] = {"picture": sent}
    if command:
        app.session_state["grid_command"] = command
    return settled(app.run())


def test_cells_are_read_cleared_and_filled_with_an_example():
    app = fill({"command": 0, "cells": segments(7, 10, 17)})
    assert prediction(app) == "7"
    app = press(app, "Clear")
    assert "arrow keys" in panel(app)["note"]
    app = press(app, "Example")
    first = app.session_state["grid_cells"]
    assert prediction(app) and press(app, "Example").session_state["grid_cells"] != first


def test_cells_are_kept_when_the_page_is_left():
    app = fill({"command": 0, "cells": segments(7, 10, 17)})
    del app.session_state["grid"]  # as Streamlit does when another page is shown
    assert prediction(settled(app.run())) == "7"


def test_cells_sent_before_a_button_was_pressed_are_out_of_date():
    app = fill({"command": 1, "cells": segments(7, 10, 17)}, command=2)
    assert "Fill in a digit" in panel(app)["note"]


@pytest.mark.parametrize(
    "sent",
    [
        "cells",
        7,
        [0] * 784,
        {},
        {"command": float("nan"), "cells": "0" * 784},
        {"command": 0, "cells": [0.0] * 783 + [float("nan")]},
        {"command": 0, "cells": "2" * 784},
    ],
    ids=lambda sent: repr(sent)[:20],
)
def test_cells_that_no_grid_sends_get_one_sentence(sent):
    app = fill(sent)
    assert "can't be read" in panel(app)["note"]
    app.session_state["grid"] = {"picture": {"command": 0, "cells": segments(4, 10, 17)}}
    assert prediction(settled(app.run())) == "4"
    assert panel(press(app, "Clear"))["kind"] == "hint"
