"""Ask the processor to fetch memory that will be read soon, from compiled code.

A walk through trees that do not fit the caches waits for one read after the other. Fetching the next node of
each tree as soon as it is known, while the other trees are walked, lets many reads overlap. It changes no
value; an address that is never read costs nothing but the fetch.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

READ, KEEP, DATA = 0, 3, 1  # arguments of llvm.prefetch


@intrinsic
def prefetch(_typing_context, array, row):  # type: ignore[no-untyped-def]
    """Fetch where row number `row` of a C-ordered array begins; it must be one of the array's rows."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        found: Any = context.make_array(signature.args[0])(context, builder, arguments[0])
        widths = cgutils.unpack_tuple(builder, found.shape)[1:]
        at = arguments[1]
        for width in widths:
            at = builder.mul(at, width)
        pointer = builder.bitcast(builder.gep(found.data, [at]), cgutils.voidptr_t)
        whole = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, whole, whole, whole])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
        builder.call(fetch, [pointer, *(ir.Constant(whole, value) for value in (READ, KEEP, DATA))])
        return context.get_dummy_value()

    return types.void(array, row), generate
