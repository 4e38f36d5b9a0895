"""The result of a doctor's check: a level and a sentence, or `None` if it does not apply."""

OK, NOTE, FAULT = "ok", "note", "FAULT"  # note: it works, but the owner may want to know
MAX_NAMED = 5  # names listed in one line

Result = tuple[str, str] | None


def listed(names: list[str]) -> str:
    """The first names, and how many more there are.

    Example:
        >>> listed(["a", "b", "c", "d", "e", "f", "g"])
        'a, b, c, d, e and 2 more'
    """
    rest = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")
