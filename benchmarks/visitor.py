"""A visitor without a screen: one websocket session that says what a browser at the page says.

The page is not drawn, so a hundred of them cost less than one browser. What a browser says was
taken down from Chromium: every run of a fragment carries the states of all widgets; a canvas that
was told to show other strokes reports them; a page switch carries no states. None of the page's
messages is large enough for Streamlit to have a browser keep it, so none is referred to later.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from model.errors import DigitError
from model.ink.strokes import drawing_of_strokes, strokes_of_canvas
from model.learning import glyphs
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer
from ui.resources import picture_url
from ui.words import in_words, percent

CANVAS_SIDE, PEN_WIDTH, INK = 280, 20, "#ffffff"  # as `ui/canvas.py` has them
SIZES = (0.45, 0.8)  # of the canvas' side; people draw neither tiny nor to the edge
PATIENCE = 30  # seconds for one run; whoever waits longer has left
FRAME_SCALE = 4  # how large `ui/answer.py` shows the frame
CANVAS = "streamlit-drawable-canvas.streamlit_drawable_canvas"


class VisitError(Exception):
    """The page did not do what a visitor may expect of it."""


@dataclass(frozen=True)
class Said:
    """What the page says of a drawing; all empty where it says nothing.

    Attributes:
        prediction: "7", "4 or 9" or "none".
        sure: "98.2%" or "not sure".
        picture: The frame that the network saw, a data URL: the drawing's fingerprint.
    """

    prediction: str = ""
    sure: str = ""
    picture: str = ""


def expected(drawing: dict, recognizer: Recognizer) -> Said | None:
    """What the page must say of a drawing, `None` if that is a number of several digits."""
    try:
        digits = read_digits(strokes_of_canvas(drawing), CANVAS_SIDE, recognizer)
    except DigitError:
        return Said()
    if len(digits) > 1:
        return None
    (digit,) = digits
    picture = picture_url(digit.frame, FRAME_SCALE)
    if not digit.answer.is_digit:
        return Said("none", "not sure", picture)
    sure = float(digit.probabilities[list(digit.answer.digits)].sum())
    return Said(in_words(digit.answer.digits), percent(sure), picture)


def stroke_by_stroke(digit: int, rng: np.random.Generator) -> list[dict]:
    """A digit by some hand, somewhere on the canvas: the drawing after each of its strokes."""
    strokes = glyphs.draw_digit(digit, rng)
    points = np.concatenate(strokes)
    size = rng.uniform(*SIZES) * CANVAS_SIDE / np.ptp(points, axis=0).max()
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    room = (CANVAS_SIDE - size * np.ptp(points, axis=0)) / 2 - PEN_WIDTH
    place = CANVAS_SIDE / 2 + rng.uniform(-1, 1, 2) * np.maximum(room, 0) / 2
    placed = [(stroke - middle) * size + place for stroke in strokes]
    objects = drawing_of_strokes(placed, PEN_WIDTH, INK)["objects"]
    return [{"objects": objects[: num + 1]} for num in range(len(objects))]


class Visitor:
    """One visitor at the app.

    Attributes:
        seconds: From sending the last drawing to its answer.
        num_runs: How many runs of the page were asked for.
    """

    def __init__(self, socket: ClientConnection):
        self.seconds = float("nan")
        self.num_runs = 0
        self._socket = socket
        self._pages: dict[str, str] = {}  # a script's hash by the page's name
        self._page = ""
        self._shown: dict[tuple, tuple] = {}  # by place: element, its fragment, its run
        self._drawing: dict | None = None  # what the canvas has reported
        self._told = ""  # what the canvas was told to show
        self._switched: set[str] = set()  # the toggles that are on

    async def open(self, page: str = "") -> None:
        """Shows a page, by its name in the navigation; the first one by default."""
        self._drawing, self._told, self._switched = None, "", set()
        request = BackMsg()
        request.rerun_script.page_script_hash = self._pages.get(page, "")
        await self._run(request)
        self._told = self._told_now()  # shown while the page is built, and not reported

    async def draw(self, drawing: dict) -> Said:
        """Has the canvas report a drawing; what the page says of it."""
        self._drawing = drawing
        sent = time.perf_counter()
        answered = await self._run(self._of_fragment(self._canvas()[1]))
        self.seconds = answered - sent
        return self.said()

    async def press(self, name: str) -> None:
        """Presses a button by its label, or by its key where its label is not its own."""
        for element, fragment, _ in self._shown.values():
            button = element.button
            if name in (button.label, _key(button.id)):
                if button.disabled:
                    raise VisitError(f"the button {name} can't be pressed")
                request = self._of_fragment(fragment)
                request.rerun_script.widget_states.widgets.add(id=button.id, trigger_value=True)
                await self._run(request)
                await self._follow()
                return
        raise VisitError(f"there is no button {name}")

    async def turn(self, label: str, on: bool) -> None:
        """Turns a toggle on or off."""
        for element, fragment, _ in self._shown.values():
            if element.checkbox.label == label:
                (self._switched.add if on else self._switched.discard)(element.checkbox.id)
                await self._run(self._of_fragment(fragment))
                return
        raise VisitError(f"there is no toggle {label}")

    def can_press(self, name: str) -> bool:
        """Whether a button can be pressed, by its label or its key."""
        return any(
            name in (each.button.label, _key(each.button.id)) and not each.button.disabled
            for each in self.elements("button")
        )

    def texts(self) -> list[str]:
        """What is written on the page."""
        return [element.markdown.body for element in self.elements("markdown")]

    def said(self) -> Said:
        """What the page says of the drawing."""
        metrics = {each.metric.label: each.metric.body for each in self.elements("metric")}
        if not metrics:
            return Said()
        picture = next(each.imgs.imgs[0].url for each in self.elements("imgs"))
        return Said(metrics["Prediction"], metrics["How sure"], picture)

    def elements(self, kind: str) -> Iterator:
        """The elements of a kind that are shown, as Streamlit's protobufs have them."""
        return (
            element for element, _, _ in self._shown.values() if element.WhichOneof("type") == kind
        )

    def _canvas(self) -> tuple:
        """The canvas and its fragment."""
        for element, fragment, _ in self._shown.values():
            if element.bidi_component.component_name == CANVAS:
                return element.bidi_component, fragment
        raise VisitError("there is no canvas")

    def _told_now(self) -> str:
        """What the canvas is told to show; `""` where there is no canvas or nothing to show."""
        with contextlib.suppress(VisitError):
            told = self._canvas()[0].json or self._canvas()[0].mixed.json
            return told if "digitpad_command" in told else ""
        return ""

    async def _follow(self) -> None:
        """Reports what the canvas was told to show, as the component does when it has done so."""
        told = self._told_now()
        if told and told != self._told:
            self._told = told
            self._drawing = {"objects": json.loads(told)["initialDrawing"]["objects"]}
            await self._run(self._of_fragment(self._canvas()[1]))

    def _of_fragment(self, fragment: str) -> BackMsg:
        request = BackMsg()
        request.rerun_script.page_script_hash = self._page
        request.rerun_script.fragment_id = fragment
        states = request.rerun_script.widget_states.widgets
        for element, _, _ in self._shown.values():
            kind = element.WhichOneof("type")
            if kind == "slider":
                state = states.add(id=element.slider.id)
                state.double_array_value.data.extend(element.slider.default)
            elif kind == "checkbox":
                on = element.checkbox.id in self._switched
                states.add(id=element.checkbox.id, bool_value=on)
            elif element.bidi_component.component_name == CANVAS and self._drawing is not None:
                reported = {"drawing": {"raw": self._drawing, "data": None}}
                states.add(id=element.bidi_component.id, json_value=json.dumps(reported))
        return request

    async def _run(self, request: BackMsg) -> float:
        """Asks for a run and follows it to its end.

        Returns:
            When the answer came, or the end if there was none; the performance counter's time.
        """
        self.num_runs += 1
        asked_for = request.rerun_script.fragment_id
        answered = 0.0
        try:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send(request.SerializeToString())
                while True:
                    message = ForwardMsg.FromString(await self._socket.recv())
                    kind = message.WhichOneof("type")
                    if kind == "delta":
                        if self._show(message):
                            answered = time.perf_counter()
                    elif kind == "navigation":
                        pages = message.navigation.app_pages
                        self._pages = {page.page_name: page.page_script_hash for page in pages}
                        self._page = message.navigation.page_script_hash
                    elif kind == "ref_hash":
                        raise VisitError("the server refers to what it was never told we keep")
                    elif kind == "script_finished" and message.script_finished in (
                        ForwardMsg.FINISHED_SUCCESSFULLY,
                        ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                    ):
                        break
        except TimeoutError as error:
            raise VisitError(f"no end of a run within {PATIENCE} s") from error
        self._shown = {
            place: shown
            for place, shown in self._shown.items()
            if shown[2] == self.num_runs or (asked_for and shown[1] != asked_for)
        }
        return answered or time.perf_counter()

    def _show(self, message: ForwardMsg) -> bool:
        """Keeps what is to be shown; says whether it is the answer."""
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return False
        element = delta.new_element
        if element.WhichOneof("type") == "exception":
            raise VisitError(f"the page failed: {element.exception.message}")
        place = tuple(message.metadata.delta_path)
        self._shown[place] = element, delta.fragment_id, self.num_runs
        return element.metric.label == "Prediction"


def _key(identity: str) -> str:
    """The key that a page gave a widget, out of Streamlit's name for it."""
    return identity.split("-", 2)[-1]


@contextlib.asynccontextmanager
async def visiting(address: str) -> AsyncIterator[Visitor]:
    """A visitor who has opened the first page, and leaves at the end."""
    scheme, host, path, *_ = urlsplit(address)
    stream = f"{scheme.replace('http', 'ws')}://{host}{path.rstrip('/')}/_stcore/stream"
    # As a browser: it names its origin, takes messages of any size and does not ping.
    async with connect(
        stream,
        origin=f"{scheme}://{host}",
        subprotocols=["streamlit"],
        compression=None,
        max_size=None,
        ping_interval=None,
    ) as socket:
        visitor = Visitor(socket)
        await visitor.open()
        yield visitor
