"""A simulated visitor: a WebSocket session that sends what a browser sends, without a screen.

A hundred of them cost less than one browser. What a browser sends was recorded from Chromium: a run
of a fragment has the states of all widgets; a canvas that gets other strokes to show reports them
back; a page switch has no states. No message of our pages is large enough for Streamlit's cache of
messages in the browser.
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
from model.ink.canvas_json import drawing_of_strokes, strokes_of_canvas
from model.learning import glyphs
from model.reading.numbers import read_digits
from model.reading.recognizer import Recognizer
from ui.answer import digit_view

CANVAS_SIDE, PEN_WIDTH, INK = 280, 20, "#ffffff"  # as in `ui/canvas.py`
SIZES = (0.45, 0.8)  # of a digit, as a share of the canvas' side
RUN_TIMEOUT = 30  # seconds
CANVAS = "streamlit-drawable-canvas.streamlit_drawable_canvas"
PANEL = "digitpad_answer"
# As in `ui/answer.js`.
FIRST_TRIP, SLOW = 0.06, 0.4  # seconds from a report to its answer


class VisitError(Exception):
    """The page failed, or lacks a widget."""


@dataclass(frozen=True)
class ShownAnswer:
    """The answer on the page; all fields are empty if there is none.

    Attributes:
        prediction: "7", "4 or 9" or "?".
        sure: "98.2%", or "" if it is no digit.
        picture: The frame that the network saw, a data URL; it identifies the drawing.
    """

    prediction: str = ""
    sure: str = ""
    picture: str = ""


def expected_answer(drawing: dict, recognizer: Recognizer) -> ShownAnswer | None:
    """The answer that the page must show, `None` for a number of several digits."""
    try:
        digits = read_digits(strokes_of_canvas(drawing), CANVAS_SIDE, recognizer)
    except DigitError:
        return ShownAnswer()
    if len(digits) > 1:
        return None
    (digit,) = digits
    view = digit_view(digit.frame, digit.probabilities, digit.answer)
    return ShownAnswer(view.text, view.confidence, view.frame)


def stroke_by_stroke(digit: int, rng: np.random.Generator) -> list[dict]:
    """A handwritten digit somewhere on the canvas: the drawing after each of its strokes."""
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
    """A session at the app.

    Attributes:
        seconds: From lifting the pen to the answer, of the last drawing.
        num_live: How many reports of a stroke that was being drawn were answered.
        num_runs: How many runs of the page were requested.
    """

    def __init__(self, socket: ClientConnection):
        self.seconds = float("nan")
        self.num_runs = self.num_live = 0
        self._socket = socket
        self._pages: dict[str, str] = {}  # the script's hash by page name
        self._page = ""
        self._shown: dict[tuple, tuple] = {}  # element, fragment and run by its place on the page
        self._drawing: dict | None = None  # as the canvas reported it last
        self._command = ""  # the strokes that the canvas got last, as JSON
        self._chosen: dict[str, list[str]] = {}  # texts of the chosen options, by widget
        self._menus: dict[str, tuple[str, str]] = {}  # ids and fragments of menus and expanders
        self._opened: set[str] = set()  # the ids of those that are open
        self._report: dict | None = None  # of the pen, as the panel sent it last
        self._round = 0  # number of that report
        self._trip = FIRST_TRIP
        self._sent = 0.0  # when it was sent

    async def open(self, page: str = "") -> None:
        """Opens a page by its name in the navigation; the first one by default."""
        self._drawing, self._command, self._chosen, self._report = None, "", {}, None
        self._opened = set()
        request = BackMsg()
        request.rerun_script.page_script_hash = self._pages.get(page, "")
        await self._run(request)
        self._command = self._canvas_command()  # part of the new page, so it is not reported

    async def draw(self, drawing: dict, duration: float = 0.0) -> ShownAnswer:
        """Draws the last stroke of a drawing: reports it while it grows, then as the canvas does.

        Args:
            drawing: All strokes.
            duration: Seconds that the last stroke takes; 0 reports the lifted pen alone.

        Returns:
            The answer.
        """
        with contextlib.suppress(VisitError):  # a page without the panel: the canvas alone
            await self._move_pen(drawing, duration)
        self._drawing = drawing
        sent = time.perf_counter()
        answered = await self._run(self._request(self._canvas()[1]))
        if self._report is None:
            self.seconds = answered - sent
        return self.answer()

    async def _move_pen(self, drawing: dict, duration: float) -> None:
        """Reports the strokes that the canvas has not reported yet, as the panel does."""
        canvas, fragment = self._panel()["canvas"], self._component(PANEL)[1]
        new = [stroke.tolist() for stroke in strokes_of_canvas(drawing)[canvas["committed"] :]]
        if not new:
            self._report = None
            return  # another drawing in the place of this one
        *others, last = new
        began = time.perf_counter()
        while (elapsed := time.perf_counter() - began) < duration and self._trip < SLOW:
            wait = self._sent + self._panel()["canvas"]["pause"] / 1000 - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(min(wait, max(duration - elapsed, 0)))
                continue
            part = last[: max(round(len(last) * elapsed / duration), 1)]
            trip = await self._report_strokes([*others, part], canvas, fragment, is_lifted=False)
            self.num_live += 1
            self._trip = 0.7 * self._trip + 0.3 * trip
            await asyncio.sleep(max(min(2 * self._trip - trip, duration - elapsed), 0))
        await asyncio.sleep(max(duration - (time.perf_counter() - began), 0))
        self.seconds = await self._report_strokes([*others, last], canvas, fragment, True)

    async def _report_strokes(
        self, strokes: list, canvas: dict, fragment: str, is_lifted: bool
    ) -> float:
        """Returns the seconds until the answer."""
        self._round += 1
        self._report = {
            **{"commands": canvas["commands"], "base": canvas["committed"]},
            **{"strokes": strokes, "round": self._round, "isLifted": is_lifted},
        }
        self._sent = time.perf_counter()
        return await self._run(self._request(fragment)) - self._sent

    async def press(self, name: str) -> None:
        """Presses a button, by its label or its key."""
        for element, fragment, _ in self._shown.values():
            button = element.button
            if name in (button.label, _key(button.id)):
                if button.disabled:
                    raise VisitError(f"the button {name} can't be pressed")
                request = self._request(fragment)
                request.rerun_script.widget_states.widgets.add(id=button.id, trigger_value=True)
                await self._run(request)
                await self._report_command()
                return
        raise VisitError(f"there is no button {name}")

    async def open_menu(self, label: str) -> None:
        """Opens a menu or an expander, by its label; it stays open."""
        if label not in self._menus:
            raise VisitError(f"there is no menu {label}")
        identity, fragment = self._menus[label]
        self._opened.add(identity)
        await self._run(self._request(fragment))

    async def explain(self, label: str, on: bool) -> None:
        """Chooses an explanation, or no longer."""
        for element, fragment, _ in self._shown.values():
            group = element.button_group
            if label in [option.content for option in group.options]:
                others = [text for text in self._chosen.get(group.id, []) if text != label]
                self._chosen[group.id] = [*others, *([label] if on else [])]
                await self._run(self._request(fragment))
                return
        raise VisitError(f"there is no explanation {label}")

    def can_press(self, name: str) -> bool:
        """Whether there is such a button and it is enabled."""
        return any(
            name in (each.button.label, _key(each.button.id)) and not each.button.disabled
            for each in self.elements("button")
        )

    def texts(self) -> list[str]:
        """All Markdown texts on the page."""
        return [element.markdown.body for element in self.elements("markdown")]

    def answer(self) -> ShownAnswer:
        """The answer on the page."""
        try:
            view = self._panel()["view"]
        except VisitError:  # another page than Draw
            return ShownAnswer()
        return ShownAnswer(view["text"], view["confidence"], view["frame"])

    def _panel(self) -> dict:
        """What the page gave the answer panel."""
        return json.loads(self._component(PANEL)[0].json)

    def elements(self, kind: str) -> Iterator:
        """The elements of a kind on the page, as Streamlit's protobufs."""
        return (
            element for element, _, _ in self._shown.values() if element.WhichOneof("type") == kind
        )

    def _canvas(self) -> tuple:
        """The canvas and its fragment."""
        return self._component(CANVAS)

    def _component(self, name: str) -> tuple:
        """A component and its fragment."""
        for element, fragment, _ in self._shown.values():
            if element.bidi_component.component_name == name:
                return element.bidi_component, fragment
        raise VisitError(f"there is no {name}")

    def _canvas_command(self) -> str:
        """The strokes that the page sends to the canvas, as JSON; `""` if there are none."""
        with contextlib.suppress(VisitError):
            command = self._canvas()[0].json or self._canvas()[0].mixed.json
            return command if "digitpad_command" in command else ""
        return ""

    async def _report_command(self) -> None:
        """Reports new strokes from the page back, as the canvas does once it shows them."""
        command = self._canvas_command()
        if command and command != self._command:
            self._command = command
            self._drawing = {"objects": json.loads(command)["initialDrawing"]["objects"]}
            await self._run(self._request(self._canvas()[1]))

    def _request(self, fragment: str) -> BackMsg:
        """A request to run a fragment, with the states of all widgets."""
        request = BackMsg()
        request.rerun_script.page_script_hash = self._page
        request.rerun_script.fragment_id = fragment
        states = request.rerun_script.widget_states.widgets
        for identity in self._opened:
            states.add(id=identity, bool_value=True)
        for element, _, _ in self._shown.values():
            kind = element.WhichOneof("type")
            if kind == "slider":
                state = states.add(id=element.slider.id)
                state.double_array_value.data.extend(element.slider.default)
            elif kind == "checkbox":
                states.add(id=element.checkbox.id, bool_value=element.checkbox.default)
            elif kind == "button_group":
                group = element.button_group
                texts = [group.options[index].content for index in group.default]
                state = states.add(id=group.id)
                state.string_array_value.data.extend(self._chosen.get(group.id, texts))
            elif element.bidi_component.component_name == PANEL and self._report is not None:
                report = {"strokes": self._report}
                states.add(id=element.bidi_component.id, json_value=json.dumps(report))
            elif element.bidi_component.component_name == CANVAS and self._drawing is not None:
                reported = {"drawing": {"raw": self._drawing, "data": None}}
                states.add(id=element.bidi_component.id, json_value=json.dumps(reported))
        return request

    async def _run(self, request: BackMsg) -> float:
        """Requests a run and waits for its end.

        Returns:
            The time of the answer, or of the end if there was none, by `time.perf_counter`.
        """
        self.num_runs += 1
        fragment = request.rerun_script.fragment_id
        answered = 0.0
        try:
            async with asyncio.timeout(RUN_TIMEOUT):
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
                        raise VisitError(
                            "the server refers to a message in a cache that we don't have"
                        )
                    elif kind == "script_finished" and message.script_finished in (
                        ForwardMsg.FINISHED_SUCCESSFULLY,
                        ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                    ):
                        break
        except TimeoutError as error:
            raise VisitError(f"no end of a run within {RUN_TIMEOUT} s") from error
        self._shown = {
            place: shown
            for place, shown in self._shown.items()
            if shown[2] == self.num_runs or (fragment and shown[1] != fragment)
        }
        return answered or time.perf_counter()

    def _show(self, message: ForwardMsg) -> bool:
        """Stores an element of the page; returns whether it is the answer."""
        delta = message.delta
        block = delta.add_block
        if label := block.popover.label or block.expandable.label:
            self._menus[label] = block.id or block.expandable.id, delta.fragment_id
        if delta.WhichOneof("type") != "new_element":
            return False
        element = delta.new_element
        if element.WhichOneof("type") == "exception":
            raise VisitError(f"the page failed: {element.exception.message}")
        place = tuple(message.metadata.delta_path)
        self._shown[place] = element, delta.fragment_id, self.num_runs
        return element.bidi_component.component_name == PANEL


def _key(identity: str) -> str:
    """The key of a widget, which Streamlit's id for it ends with."""
    return identity.split("-", 2)[-1]


@contextlib.asynccontextmanager
async def visiting(address: str, source: str | None = None) -> AsyncIterator[Visitor]:
    """A visitor who has opened the first page; the session ends with the block.

    Args:
        address: The app's.
        source: The visitor's own address, one of this machine, such as "127.0.0.2".
    """
    scheme, host, path, *_ = urlsplit(address)
    stream = f"{scheme.replace('http', 'ws')}://{host}{path.rstrip('/')}/_stcore/stream"
    # Like a browser: sends its origin, accepts messages of any size, does not ping.
    async with connect(
        stream,
        origin=f"{scheme}://{host}",
        subprotocols=["streamlit"],
        compression=None,
        max_size=None,
        ping_interval=None,
        local_addr=(source, 0) if source else None,
    ) as socket:
        visitor = Visitor(socket)
        await visitor.open()
        yield visitor
