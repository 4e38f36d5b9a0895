"""What a hostile client does: `python -m benchmarks.attacks.kinds NAME ADDRESS SECONDS`.

`python -m benchmarks.attacks` runs each in a process of its own. An attack prints one line of JSON:
a `note` of what it did, or why the server `failed`. It talks to this machine alone, and ends.
"""

import asyncio
import contextlib
import gzip
import io
import itertools
import json
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.attacks.client import (
    FORM,
    LOST,
    TIMEOUT,
    log_in,
    place_to_upload,
    post,
    request,
    rerun,
    send_upload,
    socket_of,
    token,
    upload_on_page,
)
from benchmarks.visitor import stroke_by_stroke, visiting

PASSWORD = "an owner's long password"  # of the attacked server  # nosec B105

Attack = Callable[[str, float], Awaitable[str]]
ATTACKS: dict[str, Attack] = {}


class Vulnerable(Exception):
    """The server did what it must not do."""


def attack(function: Attack) -> Attack:
    """Registers an attack under its function's name."""
    ATTACKS[function.__name__.replace("_", "-")] = function
    return function


async def repeat(num: int, seconds: float, work: Callable[[int], Awaitable[None]]) -> int:
    """Runs `num` workers again and again until the time is over; returns how often."""
    end, rounds = time.monotonic() + seconds, itertools.count()

    async def worker(index: int) -> None:
        while time.monotonic() < end:
            with contextlib.suppress(*LOST):
                async with asyncio.timeout(end - time.monotonic() + 0.1):
                    await work(index)
            next(rounds)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(worker(index) for index in range(num)))
    return next(rounds)


# --- Messages ---------------------------------------------------------------------------------


@attack
async def one_message_of_names(address: str, seconds: float) -> str:
    message = BackMsg()
    message.file_urls_request.file_names.extend([""] * 990_000)
    content = message.SerializeToString()

    async def send(_) -> None:
        async with socket_of(address) as socket:
            await socket.send(content)
            await socket.recv()

    return f"{await repeat(2, seconds, send)} messages of {len(content) / 1e6:.1f} MB"


@attack
async def answers_never_read(address: str, seconds: float) -> str:
    message = BackMsg()
    message.file_urls_request.file_names.extend([""] * 80_000)
    content = message.SerializeToString()

    async def send(_) -> None:
        async with socket_of(address, max_queue=1) as socket:
            for _ in range(100):
                await socket.send(content)
                await socket.send(rerun())
            await asyncio.sleep(seconds)

    return f"{await repeat(4, seconds, send)} connections"


@attack
async def unfinished_messages(address: str, seconds: float) -> str:
    part = bytes(1_900_000)

    async def parts():
        yield part
        await asyncio.sleep(seconds)

    async def send(_) -> None:
        async with socket_of(address) as socket:
            await socket.send(parts())

    return f"{await repeat(60, seconds, send)} messages"


@attack
async def rerun_storm(address: str, seconds: float) -> str:
    content = rerun()

    async def send(_) -> None:
        async with socket_of(address) as socket:
            for _ in range(10_000):
                await socket.send(content)
                await asyncio.sleep(0.002)

    return f"{await repeat(40, seconds, send)} connections"


@attack
async def ids_and_names_for_the_log(address: str, seconds: float) -> str:
    message = BackMsg()
    message.rerun_script.fragment_id = "x" * 64
    for index in range(150):
        message.rerun_script.widget_states.widgets.add(id=f"{'y' * 150}{index}", json_value="{")
    content = message.SerializeToString()

    async def send(_) -> None:
        async with socket_of(address) as socket:
            for _ in range(100):
                await socket.send(content)
        for place in ("component", "_stcore/bidi-components"):
            await request(address, f"GET /{place}/{'z' * 5_000}/{'z' * 100}", {})

    return f"{await repeat(20, seconds, send)} rounds"


@attack
async def forged_values(address: str, seconds: float) -> str:
    async def send(_) -> None:
        async with visiting(address) as visitor:
            for element in list(visitor.elements("slider")):
                for value in ("", "x", "{", "[]"):
                    message = BackMsg()
                    message.rerun_script.widget_states.widgets.add(
                        id=element.slider.id, json_value=value
                    )
                    await visitor._socket.send(message.SerializeToString())
            await asyncio.sleep(1)

    num = await repeat(10, seconds, send)
    _, _, metrics = await request(address, "GET /metrics", {})
    if b'kind="unexpected"' in metrics:
        raise Vulnerable("forged values count as unexpected errors")
    return f"{num} visits"


# --- Connections ------------------------------------------------------------------------------


@attack
async def open_visits(address: str, seconds: float) -> str:
    opened = 0

    async def visit(_) -> None:
        nonlocal opened
        async with visiting(address):
            opened += 1
            await asyncio.sleep(seconds)

    await repeat(320, seconds, visit)
    return f"{opened} of 320 visits were opened"


@attack
async def idle_connections(address: str, seconds: float) -> str:
    parts = urlsplit(address)

    async def hold(_) -> None:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.sleep(seconds)
        writer.close()

    return f"{await repeat(200, seconds, hold)} connections"


@attack
async def slow_bodies(address: str, seconds: float) -> str:
    parts = urlsplit(address)

    async def hold(_) -> None:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            f"POST /api/predict HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: image/png\r\n"
            "Content-Length: 1000000\r\n\r\n".encode()
        )
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.5)

    holding = asyncio.create_task(repeat(40, seconds, hold))
    await asyncio.sleep(seconds / 2)
    status = await post(address, "/api/predict", seven(), "image/png")
    await holding
    if status != 200:
        raise Vulnerable(f"another one's picture got status {status}")
    return "40 bodies, and another picture was read meanwhile"


# --- Uploads ----------------------------------------------------------------------------------


@attack
async def uploads_of_two_lengths(address: str, seconds: float) -> str:
    page, body = await token(address), FORM % bytes(20_000_000)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = {**page, "Content-Length": "1", "Transfer-Encoding": "chunked"}
    accepted = 0

    async def send(_) -> None:
        nonlocal accepted
        async with socket_of(address) as socket:
            place = await place_to_upload(socket)
            accepted += await send_upload(address, place, chunked, headers) == 204

    num = await repeat(10, seconds, send)
    if accepted:
        raise Vulnerable(f"{accepted} uploads were accepted")
    return f"{num} uploads refused"


@attack
async def uploads_under_made_up_ids(address: str, seconds: float) -> str:
    page, body = await token(address), FORM % b"x"
    accepted = 0

    async def send(_) -> None:
        nonlocal accepted
        async with socket_of(address) as socket:
            place = (await place_to_upload(socket)).rpartition("/")[0]
            for index in range(20):
                path = f"{place}/{'f' * 15_000}{index}"
                accepted += await send_upload(address, path, body, page) == 204

    num = await repeat(10, seconds, send)
    if accepted:
        raise Vulnerable(f"{accepted} uploads were accepted")
    return f"{num} rounds refused"


@attack
async def silent_uploads(address: str, seconds: float) -> str:
    page = await token(address)
    length = {"Content-Length": "20000000"}

    async def send(_) -> None:
        async with socket_of(address) as socket:
            place = await place_to_upload(socket)
            await send_upload(address, place, b"", {**page, **length}, hold=seconds)

    holding = asyncio.create_task(repeat(50, seconds, send))
    await asyncio.sleep(seconds / 2)
    async with socket_of(address) as socket:
        status = await send_upload(address, await place_to_upload(socket), FORM % b"x", page)
    await holding
    if status != 204:
        raise Vulnerable(f"another one's upload got status {status}")
    return "50 uploads, and another one was accepted meanwhile"


# --- Pictures and data sets -------------------------------------------------------------------


def seven() -> bytes:
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:14, 15:45] = picture[10:50, 38:42] = 0
    return saved(Image.fromarray(picture), "PNG")


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_of_scans(num: int) -> bytes:
    content = saved(Image.new("L", (2000, 2000), 200), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * num + content[-2:]


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(2_000_000_000))
    return buffer.getvalue()


def data_set(num: int, seed: int) -> bytes:
    buffer = io.BytesIO()
    images = np.zeros((num, 28, 28), np.uint8)
    images[:, 5:20, 10:12] = seed + 50
    np.savez_compressed(buffer, images=images, labels=np.zeros(num, np.uint8))
    return buffer.getvalue()


@attack
async def jpegs_of_many_scans(address: str, seconds: float) -> str:
    content = jpeg_of_scans(4_000)

    async def send(_) -> None:
        await post(address, "/api/predict/photo", content, "image/jpeg")

    num = await repeat(16, seconds, send)
    return f"{num} pictures of {len(content) / 1000:.0f} kB"


@attack
async def slow_jpegs(address: str, seconds: float) -> str:
    content = jpeg_of_scans(100)  # within the bound

    async def send(_) -> None:
        await post(address, "/api/predict/photo", content, "image/jpeg")

    return f"{await repeat(16, seconds, send)} pictures"


@attack
async def large_photos(address: str, seconds: float) -> str:
    content = saved(Image.new("L", (8000, 5000), 200), "PNG")

    async def send(index: int) -> None:
        if index % 2:
            await post(address, "/api/predict/photo", content, "image/png")
        else:
            async with visiting(address) as visitor:
                await upload_on_page(address, visitor, "Photo", content, "x.png")

    return f"{await repeat(12, seconds, send)} photos of 40 megapixels"


@attack
async def large_data_sets(address: str, seconds: float) -> str:
    contents = [data_set(20_000, seed) for seed in range(20)]

    async def send(index: int) -> None:
        async with visiting(address) as visitor:
            await upload_on_page(address, visitor, "Test set", contents[index], "x.npz")

    return f"{await repeat(20, seconds, send)} data sets of 20,000 images"


@attack
async def bombs(address: str, seconds: float) -> str:
    contents = [
        (zip_bomb(), "x.npz"),
        (gzip.compress(bytes(500_000_000)), "x.gz"),
    ]
    picture = saved(Image.new("1", (60_000, 60_000)), "PNG")

    async def send(index: int) -> None:
        if index % 3 == 2:
            await post(address, "/api/predict", picture, "image/png")
        else:
            async with visiting(address) as visitor:
                await upload_on_page(address, visitor, "Test set", *contents[index % 3])

    return f"{await repeat(6, seconds, send)} bombs"


# --- Owner ------------------------------------------------------------------------------------


@attack
async def guessing_passwords(address: str, seconds: float) -> str:
    async def guess(_) -> None:
        async with visiting(address) as visitor:
            await visitor.open("Corrections")
            for index in itertools.count():
                if await log_in(visitor, f"a guess of the word {index}"):
                    raise Vulnerable("a guess was right")

    guessing = asyncio.create_task(repeat(5, seconds, guess))
    await asyncio.sleep(seconds / 2)
    before = time.monotonic()
    async with visiting(address) as owner:
        await owner.open("Corrections")
        is_open = await log_in(owner, PASSWORD)
    waited = time.monotonic() - before
    await guessing
    if not is_open or waited > 5:
        raise Vulnerable(f"the owner was {'late' if is_open else 'refused'} after {waited:.1f} s")
    return f"the owner was let in after {waited:.1f} s"


@attack
async def taking_over_visits(address: str, seconds: float) -> str:
    page = await token(address)
    async with visiting(address) as owner:
        await owner.open("Corrections")
        await log_in(owner, PASSWORD)

    async def visit_of(*subprotocols: str, **headers: str) -> str:
        options = {"subprotocols": ["streamlit", *subprotocols], "additional_headers": headers}
        async with socket_of(address, **options) as socket:
            await socket.send(rerun())
            while True:
                answer = ForwardMsg.FromString(await asyncio.wait_for(socket.recv(), TIMEOUT))
                if answer.WhichOneof("type") == "new_session":
                    return answer.new_session.initialize.session_id

    visit = await visit_of(Cookie=page["Cookie"])
    for _ in range(5):
        if await visit_of("-", visit, Cookie=(await token(address))["Cookie"]) == visit:
            raise Vulnerable("a visit was taken over by its id")
    return "5 tries with a visit's id"


@attack
async def closed_pages(address: str, seconds: float) -> str:
    async with visiting(address) as visitor:
        for name in ("Corrections", "Train"):
            await visitor.open(name)
            if any(visitor.elements("vega_lite_chart")) or any(visitor.elements("download_button")):
                raise Vulnerable(f"the page {name} is open")
    return "Corrections and Train stayed closed"


@attack
async def many_corrections(address: str, seconds: float) -> str:
    rng, stored = np.random.default_rng(0), 0

    async def correct(_) -> None:
        nonlocal stored
        async with visiting(address) as visitor:
            while True:
                await visitor.draw(stroke_by_stroke(int(rng.integers(10)), rng)[-1])
                await visitor.press("it-is-3")
                stored += any("Saved as a 3" in text for text in visitor.texts())

    await repeat(4, seconds, correct)
    return f"{stored} corrections stored"


# --- Requests ---------------------------------------------------------------------------------


@attack
async def other_names_and_sites(address: str, seconds: float) -> str:
    for path in ("/", "/_stcore/health", "/api/docs"):
        status, _, _ = await request(address, f"GET {path}", {"Host": "rebound.example"})
        if status < 400:
            raise Vulnerable(f"{path} answers to another name")
    for headers in (
        {"Origin": "http://other.example"},
        {"Origin": address.rpartition(":")[0] + ":1"},
        {"Host": "rebound.example", "Origin": "http://rebound.example"},
    ):
        with contextlib.suppress(*LOST):
            async with socket_of(address, additional_headers=headers):
                raise Vulnerable(f"a connection with {headers} is accepted")
    return "each was refused"


@attack
async def paths_out_of_folders(address: str, seconds: float) -> str:
    ways = ("../../../../etc/passwd", "..%2f..%2fapp.py", "%2e%2e/app.py", "..\\..\\app.py")
    for place in ("/", "/media/", "/static/", "/component/x/", "/_stcore/bidi-components/x/"):
        for way in ways:
            _, _, content = await request(address, f"GET {place}{way}", {})
            if b"root:" in content or b"import streamlit" in content:
                raise Vulnerable(f"{place}{way} was read")
    return "no file was read"


@attack
async def smuggled_requests(address: str, seconds: float) -> str:
    inner = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    headers = {
        "Connection": "keep-alive",
        "Content-Type": "application/json",
        "Content-Length": f"{len(inner) + 5}",
        "Transfer-Encoding": "chunked",
    }
    content = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(3):
            body = b"0\r\n\r\n" + inner
            _, _, content = await request(address, "POST /api/predict", headers, body)
    if b"digitpad_" in content:
        raise Vulnerable("a request inside of a body was answered")
    return "a request of two lengths was refused"


@attack
async def forms_of_many_parts(address: str, seconds: float) -> str:
    page, body = await token(address), FORM[:-7] * 5_000 % ((b"x",) * 5_000) + b"--b--\r\n"
    accepted = 0

    async def send(_) -> None:
        nonlocal accepted
        async with socket_of(address) as socket:
            place = await place_to_upload(socket)
            accepted += await send_upload(address, place, body, page) == 204

    num = await repeat(4, seconds, send)
    if accepted:
        raise Vulnerable(f"{accepted} forms were accepted")
    return f"{num} forms refused"


def main() -> None:
    name, address, seconds = sys.argv[1:]
    try:
        result = {"note": asyncio.run(ATTACKS[name](address, float(seconds)))}
    except Vulnerable as error:
        result = {"failed": str(error)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
