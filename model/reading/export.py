"""Exports labelled images and their predictions for download, as a picture and a table."""

import io

import numpy as np

SHEET_COLUMNS = 50


def contact_sheet(images: np.ndarray, columns: int = SHEET_COLUMNS) -> np.ndarray:
    """Lays images out row by row; empty places of the last row are 0.

    Args:
        images: `uint8` array of shape `(n, rows, cols)`, n at least 1.
        columns: Images per row.

    Returns:
        `uint8` array of shape `(ceil(n / columns) * rows, columns * cols)`.
    """
    num, rows, cols = images.shape
    lines = -(-num // columns)
    full = np.zeros((lines * columns, rows, cols), np.uint8)
    full[:num] = images
    grid = full.reshape(lines, columns, rows, cols).transpose(0, 2, 1, 3)
    return grid.reshape(lines * rows, columns * cols)


def predictions_csv(chosen: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> str:
    """Writes one row per image: index, label, predicted, confidence and ten probabilities.

    Args:
        chosen: Indices, in the order of the rows.
        labels: `(n,)`, 0 to 9.
        probabilities: `(n, 10)`.
    """
    some = probabilities[chosen]
    columns = [chosen, labels[chosen], some.argmax(axis=1), some.max(axis=1), *some.T]
    names = ["index", "label", "predicted", "confidence", *(f"p{digit}" for digit in range(10))]
    text = io.StringIO()
    np.savetxt(
        text,
        np.column_stack(columns),
        fmt=["%d"] * 3 + ["%.6f"] * 11,
        delimiter=",",
        header=",".join(names),
        comments="",
    )
    return text.getvalue()
