"""Several visitors of one server: none sees another's drawing, correction or profile."""

import asyncio
import contextlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.page import running_app
from benchmarks.visitor import ShownAnswer, Visitor, expected_answer, stroke_by_stroke, visiting
from model.files import served
from model.ink.canvas_json import drawing_of_strokes
from model.reading.personalisation import Personalisation
from model.reading.recognizer import Recognizer
from ops.corrections import Corrections
from tests.scripts import fake_trainer
from ui import networks
from ui.draw.handwriting import PROMPTS

NUM_VISITORS, NUM_ROUNDS = 5, 4
SAVED = "Saved as a {}."
# A bolt of lightning: far from all digits, so a profile can learn it without a loss.
OWN_SEVEN = [np.array([[190, 40], [90, 150], [190, 130], [80, 245], [200, 215]], float)]


@pytest.fixture(scope="module")
def corrections(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("isolation") / "corrections.sqlite3"


@pytest.fixture(scope="module")
def address(corrections):
    folder = corrections.parent
    environment = {
        "DIGITPAD_DATA": str(folder),  # no MNIST: other people's digits are the bundled ones
        "DIGITPAD_CORRECTIONS": str(corrections),
        "DIGITPAD_RUNS": str(folder / "runs"),
    }
    with running_app(**environment) as (address, _):
        yield address


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load()


def visit(address: str, num: int, script) -> None:
    """Runs a coroutine function with several visitors at the same time."""

    async def together():
        async with contextlib.AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(visiting(address)) for _ in range(num)]
            await script(*visitors)

    asyncio.run(together())


def some_drawing(digit: int, seed: int, recognizer: Recognizer) -> tuple[dict, ShownAnswer]:
    """A drawing that is read as its digit with certainty, and the answer to it."""
    rng = np.random.default_rng(seed)
    while True:
        drawing = stroke_by_stroke(digit, rng)[-1]
        said = expected_answer(drawing, recognizer)
        if said and said.prediction == str(digit):
            return drawing, said


def test_each_visitor_sees_the_answer_to_their_own_drawing(address, recognizer):
    drawings = [
        [
            some_drawing((who + turn) % 10, 100 * who + turn, recognizer)
            for turn in range(NUM_ROUNDS)
        ]
        for who in range(NUM_VISITORS)
    ]

    async def draws(visitor: Visitor, mine: list, all_have_drawn: asyncio.Barrier) -> None:
        for drawing, must in mine:
            assert await visitor.draw(drawing) == must
            await all_have_drawn.wait()
            # Run again after the others drew: it would show their state if it were shared.
            await visitor.explain("Why", True)
            assert visitor.answer() == must
            await visitor.explain("Why", False)
        await visitor.open("How it works")
        await all_have_drawn.wait()
        await visitor.open("Draw")
        assert visitor.answer() == must
        await all_have_drawn.wait()
        await visitor.press("Clear")
        assert visitor.answer() == ShownAnswer()

    async def all_draw(*visitors: Visitor) -> None:
        barrier = asyncio.Barrier(NUM_VISITORS)
        async with asyncio.TaskGroup() as group:
            for visitor, mine in zip(visitors, drawings, strict=True):
                group.create_task(draws(visitor, mine, barrier))

    assert len({said.picture for mine in drawings for _, said in mine}) == NUM_VISITORS * NUM_ROUNDS
    visit(address, NUM_VISITORS, all_draw)


def test_redo_brings_back_no_other_visitors_stroke(address, recognizer):
    drawing, must = some_drawing(3, 0, recognizer)

    async def undo_and_redo(one: Visitor, other: Visitor) -> None:
        await one.draw(drawing)
        await other.draw(drawing)
        await one.press("Undo")
        await other.explain("Why", True)
        assert other.answer() == must and not other.can_press("Redo")
        await one.press("Redo")
        assert one.answer() == must

    visit(address, 2, undo_and_redo)


def test_a_correction_is_undone_by_its_visitor_alone(address, corrections, recognizer):
    drawing, _ = some_drawing(1, 0, recognizer)
    another, _ = some_drawing(1, 1, recognizer)

    async def correct(one: Visitor, other: Visitor) -> None:
        await one.draw(drawing)
        await one.open_menu("Wrong?")
        await one.press("it-is-7")
        await other.draw(drawing)  # the very same: what was said of it is still the one's
        await other.open_menu("Wrong?")
        assert SAVED.format(7) not in other.texts() and not other.can_press("not-kept")
        await other.draw(another)
        await other.press("it-is-2")
        await one.explain("Why", True)
        assert SAVED.format(7) in one.texts() and SAVED.format(2) not in one.texts()
        await other.press("not-kept")
        await one.explain("Why", False)
        assert SAVED.format(7) in one.texts() and one.can_press("not-kept")
        assert [each.label for each in Corrections(corrections).load()] == [7]

    visit(address, 2, correct)


def test_a_profile_reads_for_its_visitor_alone(address, recognizer):
    bolt = drawing_of_strokes(OWN_SEVEN, 20, "#ffffff")
    before = expected_answer(bolt, recognizer)

    async def learn(pupil: Visitor, other: Visitor) -> None:
        assert await other.draw(bolt) == before
        await pupil.open("My handwriting")
        for seed, digit in enumerate(PROMPTS):
            mine = bolt if digit == 7 else some_drawing(digit, seed, recognizer)[0]
            await pupil.draw(mine)
            await pupil.press("Next")
        assert pupil.can_press("Stop using my profile")
        await pupil.open("Draw")
        assert (await pupil.draw(bolt)).prediction == "7"
        await other.explain("Why", True)
        assert other.answer() == before
        async with visiting(address) as newcomer:
            assert await newcomer.draw(bolt) == before
        assert (await pupil.draw(bolt)).prediction == "7"

    assert before.prediction != "7"
    visit(address, 2, learn)


def test_an_open_page_names_the_network_that_answers_now(address, corrections, recognizer):
    drawing, _ = some_drawing(5, 0, recognizer)
    runs = corrections.parent / "runs"
    run = runs / "20260101-000000-digitpad"  # as long as the name that it replaces
    run.mkdir(parents=True)

    async def serve_another(visitor: Visitor, _other: Visitor) -> None:
        await visitor.draw(drawing)
        await visitor.open_menu("About this model")
        assert any(recognizer.version in text for text in visitor.texts())
        fake_trainer.finish(run, {"seed": 9999, "epochs": 1})
        served.serve(run, force=True)
        await visitor.explain("Why", True)  # runs the part of the page with the canvas alone
        assert any(run.name in text for text in visitor.texts())
        served.go_back(runs)

    visit(address, 2, serve_another)


def test_learning_a_profile_does_not_change_the_shared_network(recognizer):
    shared = networks.served_network()
    frames = np.random.default_rng(0).random((20, 28, 28), np.float32)
    before = shared.probabilities(frames)
    weights = np.full((20, 10), np.arange(10) * 50.0)
    adapted = shared.adapted(Personalisation(shared.features(frames), weights, shared.key))
    assert (adapted.probabilities(frames).argmax(axis=1) == 9).all()
    assert networks.served_network() is shared is not adapted
    np.testing.assert_array_equal(shared.probabilities(frames), before)
