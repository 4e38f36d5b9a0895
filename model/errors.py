"""The tree of errors whose text a user may read as it is.

    DigitError
    ├── NothingDrawn       a picture or drawing without ink
    ├── TooSmall           a dot where a digit should be
    ├── BadDrawing         a drawing that no canvas of ours would send
    ├── PictureError       a picture file that can't be read or is too large
    ├── DataError          MNIST is missing, damaged or not MNIST
    ├── ArtifactError      a trained network or its report is missing or damaged
    ├── CorrectionsError   the file of corrections can't be read or written
    ├── TrainingError      a run that cannot start, go on or be published
    └── AccessError        a page that is the owner's, and closed
        └── PasswordNeeded   it opens with the password

What a user can cause derives from `DigitError`; what a programmer can cause is a
`ValueError`.
"""

LONGEST = 1200  # letters of a sentence; what is longer was made so by a name or a file


class DigitError(Exception):
    """Something a user can understand and mend; `str(error)` says how."""

    def __init__(self, message: str = ""):
        # A file's name may hold bytes that are no text, which no page could show, and more lines
        # or letters than a sentence. The end, which says what to do, is kept.
        text = message.encode(errors="replace").decode().replace("\n", " ")
        if len(text) > LONGEST:
            text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 3 :]}"
        super().__init__(text)


class NothingDrawn(DigitError):
    """There is no ink to read."""

    def __init__(self, message: str = "There is no digit yet: draw one, as large as you like."):
        super().__init__(message)


class TooSmall(DigitError):
    """The ink is a dot, too small to be a digit."""

    def __init__(
        self, message: str = "That is only a dot: draw the digit larger, in one stroke or more."
    ):
        super().__init__(message)


class BadDrawing(DigitError):
    """The drawing is not what the canvas sends."""


class PictureError(DigitError):
    """A picture file is damaged, too large or of another format."""


class DataError(DigitError):
    """A data set is missing, damaged or not what it should be."""


class ArtifactError(DigitError):
    """A trained network, its report or a run's file is missing or damaged."""


class CorrectionsError(DigitError):
    """The file of corrections is damaged, locked, of a newer version, or can't be written."""


class TrainingError(DigitError):
    """A training run cannot start, go on or be published."""


class AccessError(DigitError):
    """What was asked for is the owner's, and this visit may not have it."""


class PasswordNeeded(AccessError):
    """This visit has not given the owner's password yet."""
