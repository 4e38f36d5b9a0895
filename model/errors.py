"""Errors that are shown to users as they are.

DigitError
  x NothingDrawn       a picture or drawing has no ink
  x TooSmall           the ink is a dot
  x BadDrawing         the drawing is not what the app's canvas or grid sends
  x PictureError       a picture file is damaged, too large or of another format
  x DataError          a data set is missing, damaged or not what it should be
  x ArtifactError      a trained network, its report or a run's file is missing or damaged
  x ArchiveError       an archive can't be scored, or its outputs are of another network
  x CorrectionsError   the corrections can't be read or written
  x TrainingError      a run can't start, resume or be served
  x AccessError        the visitor may not have what they asked for
    + PasswordNeeded   the owner's password gives access
  x BusyError          the server has too much to do at the moment

What a user can cause derives from `DigitError`. What only a programmer can cause is a
`ValueError`.
"""

MAX_LENGTH = 1200  # characters of a message; only a file's name or content makes it longer


class DigitError(Exception):
    """An error that a user can understand; `str(error)` says what happened and what to do."""

    def __init__(self, message: str = ""):
        # A file's name may hold bytes that are not text, line breaks, or far too many characters.
        # Of a long message the end is kept too, because it says what to do.
        text = message.encode(errors="replace").decode().replace("\n", " ")
        if len(text) > MAX_LENGTH:
            text = f"{text[: MAX_LENGTH // 2]} … {text[-MAX_LENGTH // 3 :]}"
        super().__init__(text)


class NothingDrawn(DigitError):
    """There is no ink to read."""

    def __init__(self, message: str = "Draw a digit here. Any size, anywhere."):
        super().__init__(message)


class TooSmall(DigitError):
    """The ink is a dot, too small to be a digit."""

    def __init__(
        self, message: str = "That is only a dot: draw the digit larger, in one stroke or more."
    ):
        super().__init__(message)


class BadDrawing(DigitError):
    """The drawing is not what the app's canvas or grid sends."""


class PictureError(DigitError):
    """A picture file is damaged, too large or of another format."""


class DataError(DigitError):
    """A data set is missing, damaged or not what it should be."""


class ArtifactError(DigitError):
    """A trained network, its report or a run's file is missing or damaged."""


class ArchiveError(DigitError):
    """An archive can't be found or scored, or its outputs are of another network."""


class CorrectionsError(DigitError):
    """The file or database of corrections is damaged, locked, silent, or can't be written."""


class TrainingError(DigitError):
    """A training run can't start, resume or be served."""


class AccessError(DigitError):
    """The visitor may not have what they asked for."""


class BusyError(DigitError):
    """The server has too much to do at the moment."""

    def __init__(self, message: str = "Too many people read pictures here: try again in a minute."):
        super().__init__(message)


class PasswordNeeded(AccessError):
    """The visitor has not given the owner's password yet."""
