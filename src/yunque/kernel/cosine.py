"""Cosine of an angle in turns, made of basic operations, so that its bits do not depend on the machine.

Whole turns are taken off exactly; what is left is folded to an eighth of a turn and given to the polynomials
of fdlibm (Sun Microsystems, 1993). The error is below 1e-15.
"""

import math

from numba import float64, njit

TURN = 6.28318530717958647693


@njit(float64(float64), cache=True, nogil=True)
def cosine_of_turns(turns: float) -> float:
    """Give cos(2 pi turns) of a finite number."""
    left = abs(turns - math.floor(turns + 0.5))
    sign = 1.0
    if left > 0.25:
        left, sign = 0.5 - left, -1.0
    if left > 0.125:
        r = (0.25 - left) * TURN
        z = r * r
        sine = r + r * z * (
            -1.66666666666666324348e-01
            + z
            * (
                8.33333333332248946124e-03
                + z
                * (
                    -1.98412698298579493134e-04
                    + z
                    * (
                        2.75573137070700676789e-06
                        + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)
                    )
                )
            )
        )
        return sign * sine
    r = left * TURN
    z = r * r
    tail = (
        z
        * z
        * (
            4.16666666666666019037e-02
            + z
            * (
                -1.38888888888741095749e-03
                + z
                * (
                    2.48015872894767294178e-05
                    + z
                    * (
                        -2.75573143513906633035e-07
                        + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
                    )
                )
            )
        )
    )
    return sign * (1.0 - 0.5 * z + tail)
