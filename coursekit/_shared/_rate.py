"""Frame rates: one check for the reader, the pictures and the arithmetic."""

from __future__ import annotations

from fractions import Fraction
from numbers import Rational, Real

# FFmpeg stores a rate as two whole numbers of 32 bits. Between these limits every rate fits.
LOWEST_RATE = Fraction(1, 100_000)
HIGHEST_RATE = Fraction(20_000)


def frame_rate(value: float | Fraction, name: str = "fps") -> Fraction:
    """Check a frame rate, and make it exact.

    Args:
        value: frames per second, from 1/100000 to 20000.
        name: the argument to name in the message.

    Returns:
        The fraction that `value` stands for, with a denominator of at most 100,000.

    Raises:
        TypeError: `value` is not a number.
        ValueError: `value` is not a number of frames per second above 0 that video files can store.

    >>> frame_rate(29.97)
    Fraction(2997, 100)
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not LOWEST_RATE <= value <= HIGHEST_RATE:
        raise (ValueError if number else TypeError)(
            f"{name}={value!r} must be a number of frames per second above 0 (from {LOWEST_RATE} to "
            f"{HIGHEST_RATE}): write it as a number, such as 25 or Fraction(30000, 1001)"
        )
    exact = Fraction(value) if isinstance(value, Rational) else Fraction(float(value))
    return exact.limit_denominator(100_000)
