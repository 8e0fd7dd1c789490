"""Memory that was freed, handed back to the machine."""

import ctypes
import sys


def give_back_freed() -> bool:
    """Hand memory that was freed back to the machine; False where the C library has no way to.

    After a forest of many small arrays is gone, glibc keeps their pages for later: hundreds of megabytes that
    count as this process's own. It takes some hundredths of a second.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return trim is not None and bool(trim(0))
