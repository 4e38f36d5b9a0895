"""Attacks with uploads, pictures and data sets."""

import asyncio
import gzip
import io
import zipfile
from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks.attacks.client import (
    FORM,
    Vulnerable,
    attack,
    connection_of,
    place_to_upload,
    post,
    repeat,
    send_upload,
    socket_of,
    token,
    upload_on_page,
)
from benchmarks.visitor import visiting


async def try_uploads(
    num: int,
    seconds: float,
    address: str,
    body: bytes,
    headers: dict[str, str],
    places_of: Callable[[str], list[str]] = lambda place: [place],
) -> str:
    """Sends uploads that must be refused, again and again.

    Args:
        num: How many at once.
        seconds: How long.
        address: The server's.
        body: As in `send_upload`.
        headers: That replace the right ones.
        places_of: Where to send them to, from a place that the server gave.

    Raises:
        Vulnerable: If one is accepted.
    """
    page, accepted = await token(address), 0

    async def send(_) -> None:
        nonlocal accepted
        async with socket_of(address) as socket:
            for place in places_of(await place_to_upload(socket)):
                accepted += await send_upload(address, place, body, {**page, **headers}) == 204

    rounds = await repeat(num, seconds, send)
    if accepted:
        raise Vulnerable(f"{accepted} uploads were accepted")
    return f"{rounds} rounds were refused"


@attack
async def uploads_of_two_lengths(address: str, seconds: float) -> str:
    body = FORM % bytes(20_000_000)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = {"Content-Length": "1", "Transfer-Encoding": "chunked"}
    return await try_uploads(10, seconds, address, chunked, headers)


@attack
async def uploads_under_made_up_ids(address: str, seconds: float) -> str:
    def made_up(place: str) -> list[str]:
        return [f"{place.rpartition('/')[0]}/{'f' * 15_000}{index}" for index in range(20)]

    return await try_uploads(10, seconds, address, FORM % b"x", {}, made_up)


@attack
async def forms_of_many_parts(address: str, seconds: float) -> str:
    body = FORM[:-7] * 5_000 % ((b"x",) * 5_000) + b"--b--\r\n"
    return await try_uploads(4, seconds, address, body, {})


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


def seven() -> bytes:
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:14, 15:45] = picture[10:50, 38:42] = 0
    return saved(Image.fromarray(picture), "PNG")


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_of_scans(num: int, side: int = 2000) -> bytes:
    """A progressive JPEG whose last scan is repeated `num` times; `side` in pixels."""
    content = saved(Image.new("L", (side, side), 200), "JPEG", progressive=True)
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


async def send_photos(address: str, seconds: float, content: bytes) -> str:
    async def send(_) -> None:
        await post(address, "/api/predict/photo", content, "image/jpeg")

    return f"{await repeat(16, seconds, send)} pictures of {len(content) / 1000:.0f} kB"


@attack
async def jpegs_of_many_scans(address: str, seconds: float) -> str:
    return await send_photos(address, seconds, jpeg_of_scans(4_000))


@attack
async def slow_jpegs(address: str, seconds: float) -> str:
    return await send_photos(address, seconds, jpeg_of_scans(100))  # within the bound


@attack
async def large_photos(address: str, seconds: float) -> str:
    content = saved(Image.new("L", (8000, 5000), 200), "PNG")

    async def send(index: int) -> None:
        if index % 2:
            await post(address, "/api/predict/photo", content, "image/png")
        else:
            async with visiting(address) as visitor:
                await upload_on_page(address, visitor, "Paper", content, "x.png")

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


@attack
async def slow_bodies(address: str, seconds: float) -> str:
    async def hold(_) -> None:
        _, writer = await connection_of(address)
        writer.write(
            f"POST /api/predict HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n"
            "Content-Type: image/png\r\nContent-Length: 1000000\r\n\r\n".encode()
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
