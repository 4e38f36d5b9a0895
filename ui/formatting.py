"""Formats answers, probabilities and durations as text."""

from collections.abc import Sequence

from model.reading.confidence import Answer


def in_words(answer: Answer) -> str:
    """The digits of an answer: a digit, several joined by "or", or "probably" a digit.

    Example:
        >>> in_words(Answer((4, 7, 9))), in_words(Answer((9,), is_sure=False))
        ('4, 7 or 9', 'probably 9')
    """
    digits = listed(answer.digits, "or")
    return digits if answer.is_sure or len(answer.digits) > 1 else f"probably {digits}"


def listed(items: Sequence[object], conjunction: str) -> str:
    """At least one item as a list in a sentence.

    Example:
        >>> listed([1], "and"), listed([1, 2, 3], "and")
        ('1', '1, 2 and 3')
    """
    *others, last = map(str, items)
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def percent(probability: float) -> str:
    """A probability in per cent; never "100%", because the network can always be wrong.

    Example:
        >>> percent(0.987), percent(0.9999)
        ('98.7%', '>99.9%')
    """
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


def duration(seconds: float) -> str:
    """An estimated duration, rounded.

    Example:
        >>> duration(20), duration(70), duration(3060), duration(10000)
        ('less than a minute', 'about 1 minute', 'about 51 minutes', 'about 2.8 hours')
    """
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes >= 120:
        return f"about {seconds / 3600:.1f} hours"
    return f"about {minutes} minute{'s' if minutes > 1 else ''}"
