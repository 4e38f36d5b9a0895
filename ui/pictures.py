"""Pictures for the pages: PNG files, data URLs, galleries, boxes around digits."""

import base64
import html
import io

import numpy as np
import streamlit as st
from PIL import Image

BOX_COLOR = (230, 126, 34)  # orange
JPEG_QUALITY = 85  # of 100; handwriting shows no artefacts


def png(image: np.ndarray) -> bytes:
    """A `uint8` picture, or a `float32` one from 0 to 1, as a PNG file; `(rows, cols)`."""
    if image.dtype != np.uint8:
        image = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def picture_url(image: np.ndarray, scale: int = 1) -> str:
    """A picture as a data URL, which a browser shows without another request.

    Args:
        image: As in `png`.
        scale: Screen pixels per pixel of the image, on each axis.
    """
    larger = image.repeat(scale, axis=0).repeat(scale, axis=1)
    return "data:image/png;base64," + base64.b64encode(png(larger)).decode()


def jpeg(picture: np.ndarray) -> bytes:
    """A large picture, `uint8` of shape `(rows, cols, 3)`, as a JPEG: a tenth of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def jpeg_url(content: bytes) -> str:
    """A JPEG file as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


def boxed(picture: np.ndarray, boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    """Draws a frame around each box, visible on paper and ink alike.

    Args:
        picture: `uint8` array of shape `(rows, cols)` or `(rows, cols, 3)`.
        boxes: Left, top, right and bottom, pixels; clipped to the picture.

    Returns:
        `uint8` array of shape `(rows, cols, 3)`.
    """
    framed = picture.copy() if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    rows, cols = framed.shape[:2]
    thick = max(1, max(rows, cols) // 300)
    for left, top, right, bottom in boxes:
        x0, x1 = np.clip([left, right], 0, cols)
        y0, y1 = np.clip([top, bottom], 0, rows)
        inside = framed[y0 + thick : y1 - thick, x0 + thick : x1 - thick].copy()
        framed[y0:y1, x0:x1] = BOX_COLOR
        framed[y0 + thick : y1 - thick, x0 + thick : x1 - thick] = inside
    return framed


def gallery(images: np.ndarray, captions: list[str], marked: np.ndarray, side: int = 84) -> None:
    """Shows pictures in rows that fill the width.

    Args:
        images: `uint8` array of shape `(n, 28, 28)`.
        captions: A line below each picture.
        marked: `bool` array of shape `(n,)`; marked pictures get a dashed frame.
        side: Width of a picture in CSS pixels.
    """
    figures = "".join(
        f'<figure style="margin:0;width:{side}px;text-align:center;font-size:0.8rem;'
        f'border-radius:6px;padding:3px;border:2px {"dashed #d55e00" if mark else "solid #0000"}">'
        f'<img src="{picture_url(image)}" alt="{html.escape(caption)}" width="{side - 10}" '
        f'height="{side - 10}" style="image-rendering:pixelated">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for image, caption, mark in zip(images, captions, marked, strict=True)
    )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:6px">{figures}</div>')
