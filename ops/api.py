"""The HTTP endpoint for programs: one digit, a photo of digits, and a page that documents both.

`server.py` serves it below `/api`. It stores nothing, and sends no CORS headers, so scripts of
other sites can't use it through a visitor's browser.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from http import HTTPStatus
from typing import Annotated

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from model.errors import ArtifactError, BusyError, DigitError, PictureError
from model.ink.decode import MAX_BYTES
from model.ink.frame import FAINTEST_INK, FRAME_SIDE
from model.ink.picture import FULL_INK, frame_of_array
from model.reading.confidence import NUM_CLASSES, Answer
from model.reading.paper import PaperReading
from model.reading.picture_files import read_file, read_pages
from model.reading.prediction import read_frames
from model.reading.recognizer import Recognizer, load_served
from ops import telemetry
from ops.decoding import DECODER
from ops.heavy_work import one_at_a_time
from ops.settings import settings
from ops.shield.arrivals import Arrivals

JSON_TYPE = "application/json"
PICTURE_TYPES = (
    *("image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "image/tiff"),
    *("image/heic", "image/heif", "image/avif", "application/pdf"),
)
MAX_ARRAY_BYTES = 64_000  # of JSON; 784 numbers of 17 digits with wide indentation need 35,000
SECONDS_TO_BEGIN = 10  # until the first byte of a body
SECONDS_TO_SEND = 30  # for a whole picture; 10 MB at 2.7 Mbit/s
# Receiving a body and reading its digits have limits of their own, so that slow senders don't keep
# others from being read.
MAX_RECEIVING = 100  # requests; each takes a connection and some kilobytes
MAX_RECEIVED_BYTES = 80_000_000  # of all bodies that are not complete yet
# Complete requests, being read or waiting for it. Arrays have places of their own, because a slow
# picture takes a thousand times as long.
MAX_PICTURES = 8  # 80 MB if all are the largest
MAX_ARRAYS = 16
RETRY_AFTER = 1  # second; a digit takes a few milliseconds, a large photo half a second
# Half of the cores read for programs, so that the pages stay fast.
WORKERS = max(1, (os.cpu_count() or 1) // 2)
CLOSE = {"Connection": "close"}

_log = logging.getLogger("digitpad.api")
_pools = {
    "pictures": ThreadPoolExecutor(1, thread_name_prefix="digitpad-pictures"),  # one at a time
    "arrays": ThreadPoolExecutor(WORKERS, thread_name_prefix="digitpad-arrays"),
}
_places = {
    "pictures": threading.BoundedSemaphore(MAX_PICTURES),
    "arrays": threading.BoundedSemaphore(MAX_ARRAYS),
}
_arrivals = Arrivals(MAX_RECEIVING, MAX_RECEIVED_BYTES, SECONDS_TO_BEGIN, SECONDS_TO_SEND)

# Reads a body; returns what is sent back, and the answers for the metrics.
Reader = Callable[[bytes, Recognizer], tuple[dict, list[Answer]]]
Number = Annotated[float, Field(ge=0, le=FULL_INK, allow_inf_nan=False)]
Row = Annotated[list[Number], Field(min_length=FRAME_SIDE, max_length=FRAME_SIDE)]


def _example_seven() -> list[list[int]]:
    """A 7 of two strokes."""
    picture = np.zeros((FRAME_SIDE, FRAME_SIDE), int)
    picture[6:8, 6:22] = FULL_INK
    for row in range(8, 23):
        picture[row, 20 - row // 2 : 22 - row // 2] = FULL_INK
    return picture.tolist()


class Array(BaseModel):
    """A digit as 28x28 numbers, row by row, 0 for paper to 255 for full ink, as MNIST has it."""

    model_config = ConfigDict(strict=True, extra="forbid")
    image: Annotated[
        list[Row],
        Field(
            min_length=FRAME_SIDE,
            max_length=FRAME_SIDE,
            examples=[_example_seven()],
            json_schema_extra={  # an array without ink is refused
                "contains": {"type": "array", "contains": {"minimum": FAINTEST_INK * FULL_INK}}
            },
        ),
    ]


class Prediction(BaseModel):
    """The answer for one digit."""

    digit: int | None = Field(ge=0, le=9, description="The likeliest digit; null if it is none.")
    is_digit: bool = Field(description="Whether it looks like a digit at all.")
    is_sure: bool = Field(description="Whether one digit is far likelier than all others.")
    digits: list[int] = Field(
        description="The digits that it may be, the likeliest first; empty if it is none."
    )
    probabilities: list[float] = Field(
        min_length=NUM_CLASSES, max_length=NUM_CLASSES, description="Of the digits 0 to 9."
    )
    network: str = Field(description="The training run of the network.")
    reason: str = Field("", description="Why it is no digit and what to do, if that is known.")


Place = Annotated[
    list[int], Field(min_length=4, max_length=4, description="Left, top, right, bottom, pixels.")
]


class FoundDigit(BaseModel):
    """A digit of a cell."""

    digit: int = Field(ge=0, le=9, description="The likeliest digit.")
    candidates: list[int] = Field(description="The digits that it may be, the likeliest first.")
    confidence: float = Field(description="The likeliest digit's probability.")
    doubtful: bool = Field(description="Whether a person should check it.")
    box: Place


class FoundCell(BaseModel):
    """A cell of a row."""

    text: str = Field(
        description="The number as it is written, with signs; empty in a table's gap."
    )
    box: Place | None
    doubtful: bool = Field(description="Whether one of its digits is doubtful.")
    digits: list[FoundDigit]


class FoundPage(BaseModel):
    """What was read on a page."""

    page: int = Field(ge=1, description="From 1.")
    rotation: int = Field(description="Degrees by which it was turned clockwise to be upright.")
    rows: list[list[FoundCell]] = Field(description="Rows from above, each with its cells.")
    left_out: dict[str, int] = Field(description="How many marks were left out, by reason.")
    network: str = Field(description="The training run of the network.")
    problem: str = Field("", description="Why there is no digit on this page, if there is none.")


class Paper(BaseModel):
    """All pages of a photo, scan or document."""

    pages: list[FoundPage]


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str = Field(description="One sentence: what happened and what to do.")


api = FastAPI(
    title="DigitPad",
    version="1",
    description="Reads handwritten digits. Nothing that is sent is stored.",
    docs_url=None,  # FastAPI's own page loads its scripts from another company's server
    redoc_url=None,
)

PROBLEMS = {
    400: "The request broke off.",
    408: f"The picture took more than {SECONDS_TO_SEND} seconds to arrive, or less on a server "
    "with many slow senders.",
    413: f"The body is too large: a picture may have {MAX_BYTES // 1_000_000} MB, an array "
    f"{MAX_ARRAY_BYTES // 1_000} kB of JSON.",
    415: "The type of the body is not one of those listed.",
    422: "The body can't be read, or there is no digit in it.",
    503: "There is no trained network, or too many requests at once: try again.",
}


def _documented(types: Iterable[str]) -> dict:
    """What FastAPI can't derive from the code: the types of the body, and the errors."""
    schemas = {kind: {"type": "string", "format": "binary"} for kind in PICTURE_TYPES}
    schemas[JSON_TYPE] = Array.model_json_schema()
    return {
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {kind: {"schema": schemas[kind]} for kind in types},
            }
        },
        "responses": {
            status: {"model": Problem, "description": text} for status, text in PROBLEMS.items()
        },
    }


@api.post("/predict", **_documented((*PICTURE_TYPES, JSON_TYPE)))
async def predict(request: Request) -> Prediction:
    """Reads one digit: a picture of any size, dark on light or light on dark, or a 28x28 array.

    An array, and a picture of 28x28 pixels that is prepared like MNIST's, is read as it is.
    """
    readers = {**dict.fromkeys(PICTURE_TYPES, _read_picture), JSON_TYPE: _read_array}
    return await _respond(request, readers)


@api.post("/predict/photo", **_documented(PICTURE_TYPES))
async def predict_photo(request: Request) -> Paper:
    """Reads all numbers on a photo, scan or document of paper, row by row."""
    return await _respond(request, dict.fromkeys(PICTURE_TYPES, _read_paper))


def _read_picture(content: bytes, recognizer: Recognizer) -> tuple[dict, list[Answer]]:
    with one_at_a_time():
        prediction = read_file(content, recognizer, DECODER.decode_page)
    return prediction.as_dict(), [prediction.answer]


def _read_paper(content: bytes, recognizer: Recognizer) -> tuple[dict, list[Answer]]:
    with one_at_a_time():
        pages = list(read_pages(content, recognizer, DECODER.decode_page))
    if isinstance(pages[0], DigitError) and len(pages) == 1:
        raise pages[0]
    written = []
    for page, reading in enumerate(pages, start=1):
        if isinstance(reading, DigitError):
            reading, problem = PaperReading((), network=recognizer.version), str(reading)
        else:
            problem = ""
        written.append({"page": page, **reading.as_dict(), "problem": problem})
    readings = [reading for reading in pages if isinstance(reading, PaperReading)]
    return {"pages": written}, [digit.answer for each in readings for digit in each.digits]


def _read_array(content: bytes, recognizer: Recognizer) -> tuple[dict, list[Answer]]:
    try:
        numbers = np.array(Array.model_validate_json(content).image)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{part!r}]" for part in first["loc"]) or "it"
        raise PictureError(
            f'The body must be {{"image": [[0, ...], ...]}} with {FRAME_SIDE} rows of {FRAME_SIDE} '
            f"numbers from 0, paper, to {FULL_INK}, full ink; {where}: {first['msg']}."
        ) from None
    (prediction,) = read_frames([frame_of_array(numbers)], recognizer)
    return prediction.as_dict(), [prediction.answer]


async def _respond(request: Request, readers: dict[str, Reader]) -> dict:
    """Receives the body and has the reader for its type read it, in a thread of a small pool."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in readers:
        raise HTTPException(
            415, f"Send the header Content-Type with one of {', '.join(readers)}, and such a body."
        )
    content = await _receive(request, MAX_ARRAY_BYTES if kind == JSON_TYPE else MAX_BYTES)
    line = "arrays" if kind == JSON_TYPE else "pictures"
    if not _places[line].acquire(blocking=False):
        raise HTTPException(
            503,
            "Too many requests at once: try again in a second.",
            {"Retry-After": f"{RETRY_AFTER}"},
        )
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _pools[line], _read, readers[kind], content
        )
    finally:
        _places[line].release()


def _read(reader: Reader, content: bytes) -> dict:
    with telemetry.timed_reading("api") as reading:
        recognizer = load_served(settings().runs)
        written, answers = reader(content, recognizer)
        reading.answered(recognizer.version, answers)
    return written


async def _receive(request: Request, limit: int) -> bytes:
    """The body; refused as soon as it is known to be larger than `limit`, in bytes."""
    too_large = f"The body may have {limit:,} bytes: make it smaller and try again."
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise HTTPException(413, too_large)
    content, is_complete = bytearray(), False
    try:
        async with _arrivals.bounded(request.receive) as receive:
            while not is_complete:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise HTTPException(400, PROBLEMS[400])
                content += message.get("body", b"")
                if len(content) > limit:
                    raise HTTPException(413, too_large, CLOSE)  # don't receive the rest
                is_complete = not message.get("more_body", False)
    except TimeoutError:
        raise HTTPException(408, f"{PROBLEMS[408]} Send it again, smaller.", CLOSE) from None
    return bytes(content)


@api.exception_handler(DigitError)
async def _digit_error(_request: Request, error: DigitError) -> JSONResponse:
    if isinstance(error, BusyError):
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": f"{RETRY_AFTER}"})
    if isinstance(error, ArtifactError):
        _log.error("%s", error)  # it names folders, which must not leave the server
        return JSONResponse(
            {"detail": "There is no network to read with at the moment: try again later."}, 503
        )
    return JSONResponse({"detail": str(error)}, 422)


@api.exception_handler(HTTPException)
async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    sentence = error.detail
    if sentence == HTTPStatus(error.status_code).phrase:  # Starlette's own, as for another path
        docs = f"{request.scope.get('root_path', '')}/docs"
        sentence = f"{sentence}: {docs} lists the requests that are possible."
    return JSONResponse({"detail": sentence}, error.status_code, error.headers)


@api.exception_handler(Exception)
async def _unexpected_error(_request: Request, _error: Exception) -> JSONResponse:
    """Says that there was one; the exception itself is in the server's log."""
    return JSONResponse({"detail": "Something went wrong here; it is in the server's log."}, 500)


@api.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The documentation as one HTML page without scripts, made from `openapi.json`."""
    base = str(request.url.replace(path=request.scope["root_path"], query="", fragment=""))
    schema = api.openapi()
    parts = [
        f"<h1>{escape(schema['info']['title'])} for programs</h1>",
        f"<p>{escape(schema['info']['description'])} The same for tools: "
        f'<a href="openapi.json">openapi.json</a>.</p>',
    ]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts += _section(base + path, method, operation, schema["components"]["schemas"])
    style = "body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    style += "pre{overflow:auto;padding:.5rem;border:1px solid}td{padding-right:1rem}"
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>DigitPad for programs</title><style>{style}</style>'
        + "\n".join(parts)
    )


def _section(url: str, method: str, operation: dict, schemas: dict) -> list[str]:
    """The HTML of one request: its address, an example, the answer's fields, the errors."""
    answer = operation["responses"]["200"]["content"][JSON_TYPE]["schema"]["$ref"]
    fields = schemas[answer.split("/")[-1]]["properties"]
    for name in ("FoundPage", "FoundCell", "FoundDigit") if "pages" in fields else ():
        fields = {**fields, **schemas[name]["properties"]}
    kinds = operation["requestBody"]["content"]
    examples = [f"curl -H 'Content-Type: {kind}' --data-binary @FILE {url}" for kind in kinds]
    array = ""
    if JSON_TYPE in kinds:
        text = escape(kinds[JSON_TYPE]["schema"]["description"])
        array = f'<p><code>{{"image": [[0, ...], ...]}}</code>: {text}</p>'
    return [
        f"<h2><code>{method.upper()} {escape(url)}</code></h2>",
        f"<p>{escape(operation['description'])}</p>",
        f"<pre>{escape(chr(10).join(examples))}</pre>",
        array,
        "<h3>Answer</h3>",
        _table((name, field.get("description", "")) for name, field in fields.items()),
        '<h3>No answer: <code>{"detail": "why"}</code></h3>',
        _table((str(status), text) for status, text in PROBLEMS.items()),
    ]


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (f"<tr><td><code>{escape(a)}</code><td>{escape(b)}" for a, b in rows)
    return f"<table>{''.join(cells)}</table>"
