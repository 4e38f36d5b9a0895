"""Formats answers, probabilities and durations as text."""

from model.reading.confidence import Answer


def in_words(answer: Answer) -> str:
    """The digits of an answer: a digit, several joined by "or", or "probably" a digit.

    Example:
        >>> in_words(Answer((4, 7, 9))), in_words(Answer((9,), is_sure=False))
        ('4, 7 or 9', 'probably 9')
    """
    *others, last = map(str, answer.digits)
    if others:
        return f"{', '.join(others)} or {last}"
    return last if answer.is_sure else f"probably {last}"


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
