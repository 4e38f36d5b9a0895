"""Pictures as programs send them, also for schemathesis, which can't draw.

It would send random bytes as a picture and take each refusal for a mistake; so a run by hand needs
`SCHEMATHESIS_HOOKS=tests.pictures_for_programs`.
"""

import io

import cv2
import numpy as np
import pillow_heif
import schemathesis
from hypothesis import strategies as st
from PIL import Image

pillow_heif.register_heif_opener()  # so that Pillow can save it

FORMATS = {
    **{f"image/{kind.lower()}": kind for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")},
    **{"image/avif": "AVIF", "image/heic": "HEIF", "image/heif": "HEIF"},
    "application/pdf": "PDF",
}


def picture_of(digits: str, ink: int = 20, paper: int = 240, side: int = 120) -> np.ndarray:
    """Digits side by side on plain paper, `uint8` array of shape `(side, side * num_digits)`."""
    picture = np.full((side, side * len(digits)), paper, np.uint8)
    for place, digit in enumerate(digits):
        at = (place * side + side // 4, side * 3 // 4)
        cv2.putText(picture, digit, at, cv2.FONT_HERSHEY_SIMPLEX, side / 40, ink, side // 15)
    return picture


def saved(picture: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return buffer.getvalue()


for _type, _format in FORMATS.items():
    schemathesis.openapi.media_type(
        _type,
        st.builds(
            picture_of,
            st.text("0123456789", min_size=1, max_size=3),
            ink=st.integers(0, 80),
            paper=st.integers(160, 255),
            side=st.integers(40, 200),
        ).map(lambda picture, kind=_format: saved(picture, kind)),
    )
