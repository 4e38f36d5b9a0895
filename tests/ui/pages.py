"""Opens pages in Streamlit's test harness, and finds and presses what they show."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from model.reading.confidence import Answer
from ops.corrections import Corrections
from tests.support import ROOT

SEVEN = ["M", 80, 60], ["L", 200, 60], ["L", 120, 230]
ONE = ["M", 140, 50], ["L", 138, 230]


def page(name: str) -> AppTest:
    """A page before its first run, so that a test can set its state."""
    return AppTest.from_file(str(ROOT / "app_pages" / f"{name}.py"), default_timeout=60)


def settled(app: AppTest) -> AppTest:
    """A page that has run, without an exception."""
    assert not app.exception, app.exception
    return app


def opened(name: str, **parameters) -> AppTest:
    """A page after its first run, with parameters in its address."""
    app = page(name)
    app.query_params.update(parameters)
    return settled(app.run())


def drawing(*strokes) -> dict:
    """The state of a canvas with strokes, as the component sends it."""
    objects = [{"type": "Path", "path": list(map(list, stroke))} for stroke in strokes]
    return {"drawing": {"raw": {"objects": objects}, "data": None}}


def draw(*strokes, name: str = "draw") -> AppTest:
    """A page with strokes on its canvas, and open menus."""
    app = page(name)
    app.session_state["canvas"] = drawing(*strokes)
    for menu in ("wrong", "download", "about"):
        app.session_state[menu] = True
    return settled(app.run())


def panel(app: AppTest) -> dict:
    """What the answer panel shows; see `ui.answer.AnswerView`."""
    items = [item.proto for item in app.get("bidi_component")]
    (item,) = [item for item in items if item.component_name == "digitpad_answer"]
    return json.loads(item.json)["view"]


def prediction(app: AppTest) -> str:
    """The digit or number that the panel shows; `""` if it shows a hint."""
    return panel(app)["text"]


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def button(app: AppTest, label: str):
    return next(button for button in app.button if button.label == label)


def press(app: AppTest, label: str) -> AppTest:
    return settled(button(app, label).click().run())


def press_key(app: AppTest, key: str) -> AppTest:
    return settled(app.button(key=key).click().run())


def turn_on(app: AppTest, label: str) -> AppTest:
    toggle = next(toggle for toggle in app.toggle if toggle.label == label)
    return settled(toggle.set_value(True).run())


def explain(app: AppTest, label: str) -> AppTest:
    """Chooses an explanation on the Draw page."""
    return settled(app.button_group(key="explanations_pressed").set_value([label]).run())


def select(app: AppTest, label: str):
    return next(box for box in app.selectbox if box.label == label)


def has_text(elements, text: str) -> bool:
    """Whether one of a page's elements contains a text."""
    return any(text in element.value for element in elements)


def chart_specs(app: AppTest) -> list[str]:
    """The charts' Vega-Lite specifications, as JSON."""
    return [chart.proto.spec for chart in app.get("vega_lite_chart")]


def shown_images(app: AppTest, grid: int = 0) -> list[dict]:
    """The images that a grid of the page Test images shows."""
    return sent_to(app, "digitpad_tiles")[grid]["tiles"]


def shown_map(app: AppTest) -> dict:
    """What the map of the page Test images shows."""
    return sent_to(app, "digitpad_map")[0]


def sent_to(app: AppTest, component: str) -> list[dict]:
    """The data of each of a page's components with a name."""
    items = [item.proto for item in app.get("bidi_component")]
    return [json.loads(item.json) for item in items if item.component_name == component]


def store_corrections(num: int) -> None:
    for index in range(num):
        stroke = np.array([[100.0, 50], [100 + index, 200]])
        probabilities = np.eye(10, dtype=np.float32)[7]
        frame = np.eye(28, dtype=np.float32)
        Corrections().add([stroke], frame, probabilities, index % 10, "a run")


class AlwaysThree:
    """Stands in for a network: reads a 3 in every frame."""

    version, key = "fixed", ("fixed", "")

    @property
    def plain(self) -> "AlwaysThree":
        return self

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[np.full(len(frames), 3)]

    def answer(self, probabilities: np.ndarray) -> Answer:
        return Answer((3,), is_digit=True)
