"""What the page How it works says about each step, and a question to try."""

from model.reading.inside import CONVOLUTION, FRAME, Layer

SCORES = (
    "Each digit has a weight for each number of the last layer. Numbers times weights, added up "
    "with a bias, are the digit's score; softmax turns the ten scores into probabilities. Each "
    "cell below is what one place adds: blue speaks for the digit, orange against it.",
    "Press the second likeliest digit: which place speaks for it?",
)
_FRAME = (
    "The frame: 28 × 28 numbers, 0 for paper to 1 for ink. It is all that the network sees. The "
    "drawing was made as large as MNIST's digits, and its centre of mass moved to the middle.",
    "Draw the same digit small and in a corner: does the frame change?",
)
_FIRST = (
    "A filter is a pattern of 3 × 3 weights. It slides over the frame; at each place, nine "
    "products add up to one number of its map, which is bright where the ink fits the pattern.",
    "Erase the bar of your 7: which map goes dark?",
)
_LATER = (
    "Each filter here has 3 × 3 weights for each of the {inputs} maps before. It finds patterns of "
    "patterns: each number depends on a part of {field} × {field} pixels of the frame.",
    "Which map is bright only where two strokes meet?",
)
_POOLING = (
    "Pooling keeps the largest of each 2 × 2 numbers. The map has a quarter of the numbers left, "
    "and a pattern may lie a pixel farther left or right without a change.",
    "Slide the window: which numbers are lost?",
)


def texts_of(layers: list[Layer], opened: int) -> tuple[str, str]:
    """A sentence about a step and a question to try.

    Args:
        layers: As `layers_of` returns them.
        opened: The step's place; the scores come after the layers.
    """
    if opened == len(layers):
        return SCORES
    layer = layers[opened]
    if layer.kind == FRAME:
        return _FRAME
    if layer.kind != CONVOLUTION:
        return _POOLING
    if layer.kernel.shape[1] == 1:
        return _FIRST
    sentence, question = _LATER
    return sentence.format(inputs=layer.kernel.shape[1], field=layer.field), question
