"""Attacks on the owner's functions, and with odd requests."""

import asyncio
import contextlib
import itertools
import time

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.attacks.client import (
    LOST,
    PASSWORD,
    TIMEOUT,
    Vulnerable,
    attack,
    log_in,
    repeat,
    request,
    rerun,
    socket_of,
    token,
)
from benchmarks.visitor import stroke_by_stroke, visiting


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
                await visitor.open_menu("Wrong?")
                await visitor.press("it-is-3")
                stored += any("Saved as a 3" in text for text in visitor.texts())

    await repeat(4, seconds, correct)
    return f"{stored} corrections stored"


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
