"""Exponential and logarithm made of basic operations, so that their bits do not depend on the machine.

The C library's `exp` and `log` differ in the last bit between versions, and vectorised ones differ from both:
a batch could then give other bits than its rows one by one. The methods are those of fdlibm (Sun
Microsystems, 1993): argument reduction and a short polynomial, error below one unit in the last place.
"""

import math

from numba import float64, njit

LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INVERSE_LN2 = 1.44269504088896338700
EXP_OVERFLOW = 709.782712893383973096
EXP_UNDERFLOW = -745.13321910194110842


@njit(float64(float64), cache=True, nogil=True)
def exponential(x: float) -> float:
    """Give e**x: inf above 709.78, 0 below -745.13, NaN for NaN."""
    if not x <= EXP_OVERFLOW:
        return x if x != x else math.inf
    if x < EXP_UNDERFLOW:
        return 0.0
    k = math.floor(INVERSE_LN2 * x + 0.5)
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    return math.ldexp(y, int(k))


@njit(float64(float64), cache=True, nogil=True)
def logarithm(x: float) -> float:
    """Give the natural logarithm: -inf for 0, NaN below 0."""
    if x <= 0.0:
        return -math.inf if x == 0.0 else math.nan
    if not x < math.inf:
        return x
    fraction, k = math.frexp(x)
    if fraction < 0.70710678118654752440:
        fraction *= 2.0
        k -= 1
    f = fraction - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + even + odd) + k * LN2_LOW)) - f)
