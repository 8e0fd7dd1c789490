"""Numbers as people read them: few digits, units, no false precision."""

import math

NOTHING = "–"


def number(value: float | None) -> str:
    """Give a measured number with the digits that its size deserves."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    return f"{value:.1e}" if abs(value) < 1e-5 else f"{value:,.{_digits(value)}f}"


def _digits(value: float) -> int:
    """Give the digits after the point that leave about four to look at."""
    size = abs(value)
    bounds = ((10_000, 0), (100, 1), (10, 2), (1, 3), (0.001, 4))
    return next((digits for bound, digits in bounds if size >= bound), 5)


def bounded(value: float | None) -> str:
    """Give a score between -1 and 1, where five digits after the point are noise."""
    return number(value) if value is None or not math.isfinite(value) or abs(value) >= 1 else f"{value:.4f}"


def with_error(value: float | None, error: float | None) -> str:
    """Give a number and its standard error, both with the digits that the error's first one needs."""
    if value is None or error is None or not math.isfinite(value) or not 1e-9 < error < math.inf:
        return number(value)
    digits = max(_digits(value), min(8, math.ceil(-math.log10(error))))
    return f"{value:,.{digits}f} ± {error:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """Give a share of 1 as percent; a share that is not zero is never shown as zero."""
    if share is None or not math.isfinite(share):
        return NOTHING
    least = 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"< {least:.{digits}%}"
    return f"{share:.{digits}%}"


def count(value: int) -> str:
    """Give a whole number with its thousands marked."""
    return f"{value:,}"


def duration(seconds: float | None) -> str:
    """Give a time span in its natural unit."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def microseconds(value: float | None) -> str:
    """Give the time of one row."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.0f} µs" if value >= 10 else f"{value:.1f} µs"
