"""What a person does in the browser: draw with a finger, and digits to draw."""

from benchmarks.page import ONE, SEVEN, drag_a_finger, places

FOCUSED = "document.activeElement?.shadowRoot?.activeElement?.ariaLabel"  # inside a component


DIGITS = (  # strokes of each digit, canvas pixels
    [((140, 60), (90, 100), (80, 170), (130, 220), (190, 180), (195, 110), (140, 60))],
    [ONE],
    [((80, 90), (120, 55), (180, 70), (190, 110), (90, 220), (200, 220))],
    [((80, 70), (150, 50), (190, 90), (130, 130), (195, 170), (160, 225), (80, 215))],
    [((160, 50), (80, 170), (200, 170), (150, 140), (150, 230))],
    [((190, 60), (100, 60), (95, 130), (160, 120), (195, 170), (150, 225), (85, 215))],
    [((170, 50), (100, 120), (90, 190), (140, 225), (185, 185), (140, 145), (95, 180))],
    [SEVEN],
    [((180, 70), (110, 80), (180, 170), (150, 225), (100, 190), (190, 90), (180, 70))],
    [((185, 90), (130, 60), (95, 110), (140, 140), (185, 95), (175, 230))],
)


def draw_by_finger(page, points) -> None:
    drag_a_finger(page, places(page, points))
