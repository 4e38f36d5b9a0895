"""A gallery of small pictures, each with a caption."""

import html

import numpy as np
import streamlit as st

from ui.pictures import picture_url


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
