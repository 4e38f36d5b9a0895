"""A wide piece of ink is cut wherever two digits may touch."""

import cv2
import numpy as np

from model.ink.pieces import Piece, slices


def touching_digits() -> Piece:
    """A seven whose bar reaches over the L that it touches."""
    ink = np.zeros((51, 53), np.uint8)
    cv2.polylines(ink, [np.array([[2, 3], [32, 3], [10, 48]])], False, 1, 3)
    cv2.polylines(ink, [np.array([[28, 20], [28, 48], [50, 48]])], False, 1, 3)
    cv2.line(ink, (18, 34), (28, 34), 1, 3)
    return Piece(0, 0, 53, 51, ink > 0)


def test_parts_hold_all_ink_once():
    piece = touching_digits()
    whole = np.zeros_like(piece.mask, int)
    parts = slices(piece, 50)
    assert len(parts) > 3 and all(any(part.was_cut) for part in parts)
    for part in parts:
        whole[part.top : part.bottom, part.left : part.right] += part.mask
    assert (whole == piece.mask).all()


def test_a_narrow_or_low_piece_stays_whole():
    for width, height in ((30, 60), (80, 20)):
        piece = Piece(0, 0, width, height, np.ones((height, width), bool))
        assert slices(piece, 50) == [piece]
