"""Attacks with messages and connections of the pages."""

import asyncio

from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.attacks.client import (
    Vulnerable,
    attack,
    connection_of,
    repeat,
    request,
    request_of_names,
    rerun,
    socket_of,
)
from benchmarks.visitor import visiting


@attack
async def one_message_of_names(address: str, seconds: float) -> str:
    content = request_of_names(990_000)

    async def send(_) -> None:
        async with socket_of(address) as socket:
            await socket.send(content)
            await socket.recv()

    return f"{await repeat(2, seconds, send)} messages of {len(content) / 1e6:.1f} MB"


@attack
async def answers_never_read(address: str, seconds: float) -> str:
    content = request_of_names(80_000)

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
    async def hold(_) -> None:
        _, writer = await connection_of(address)
        await asyncio.sleep(seconds)
        writer.close()

    return f"{await repeat(200, seconds, hold)} connections"
