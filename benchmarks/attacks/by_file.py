"""Attacks with uploads, pictures and data sets."""

import asyncio
import gzip
import io
import zipfile
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks.attacks.client import (
    FORM,
    Vulnerable,
    attack,
    place_to_upload,
    post,
    repeat,
    send_upload,
    socket_of,
    token,
    upload_on_page,
)
from benchmarks.visitor import visiting


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
