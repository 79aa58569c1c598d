"""Arithmetic of tiles, and the two squashing functions of gated networks.

Tiles are those of `neuroalrnn.ops.tiles`. The same instructions act on every lane, so that the
result of a lane does not depend on the others.
"""

import math
import operator

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload

from neuroalrnn.ops.tiles import TileType, emits

_FUSED = ("contract",)  # lets a product and a sum become one instruction


def _define(sign, name):
    """Define what a sign means between two tiles, or between a number and a tile."""

    @intrinsic
    def apply(typing, one, other):
        tile = one if isinstance(one, TileType) else other

        def emit(e):
            make = getattr(e.builder, name)
            pairs = zip(_rows(e, 0), _rows(e, 1), strict=True)
            return e.pack([make(x, y, flags=_FUSED) for x, y in pairs])

        wanted = (each if isinstance(each, TileType) else tile.dtype for each in (one, other))
        return tile(*wanted), emits(emit)

    @overload(sign)
    def choose(one, other):
        if isinstance(one, TileType) or isinstance(other, TileType):
            return lambda one, other: apply(one, other)
        return None


def _rows(e, position):
    """Vectors of an argument; if it is a number, it is in all of them."""
    if isinstance(e.signature.args[position], TileType):
        return e.rows(position)
    return [e.splat(e.arguments[position], e.vector)] * e.tile.rows


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")


@intrinsic
def sigmoid(typing, tile):
    """``1 / (1 + exp(-x))``."""
    return tile(tile), emits(lambda e: e.pack([_sigmoid(e, x) for x in e.rows(0)]))


@intrinsic
def tanh(typing, tile):
    """``tanh(x) = 2 / (1 + exp(-2 x)) - 1``, to the last digit of 1."""

    def emit(e):
        two, one = e.vector([2.0] * e.tile.lanes), e.vector([-1.0] * e.tile.lanes)
        return e.pack([e.fused(two, _sigmoid(e, e.builder.fmul(two, x)), one) for x in e.rows(0)])

    return tile(tile), emits(emit)


def _sigmoid(e, x):
    one = e.vector([1.0] * e.tile.lanes)
    return e.builder.fdiv(one, e.builder.fadd(one, _exp(e, e.builder.fneg(x))))


def _exp(e, x):
    """``exp(x) = 2^k exp(x - k log 2)``, k whole, with a Taylor series for the second factor.

    Adding 1.5 * 2^m to a number, m the bits of a mantissa, leaves the number rounded in the last
    bits. Where exp(x) would overflow or vanish, x is cut.
    """
    is_single = e.tile.dtype == types.float32
    mantissa, bias, degree, most = (23, 127, 7, 87.0) if is_single else (52, 1023, 13, 708.0)
    builder, lanes = e.builder, e.tile.lanes

    def constant(value):
        return e.vector([value] * lanes)

    for sign, limit in (("<", constant(-most)), (">", constant(most))):
        x = builder.select(builder.fcmp_ordered(sign, x, limit), limit, x)
    shift = constant(1.5 * 2.0**mantissa)
    shifted = e.fused(x, constant(1 / math.log(2)), shift)
    k = builder.fsub(shifted, shift)
    # log 2 in two parts, the first with so few bits that its product with k is exact
    high = round(math.log(2) * 2**12) / 2**12
    rest = e.fused(k, constant(-high), x)
    rest = e.fused(k, constant(high - math.log(2)), rest)
    series = constant(1 / math.factorial(degree))
    for power in range(degree - 1, -1, -1):
        series = e.fused(series, rest, constant(1 / math.factorial(power)))
    whole = ir.VectorType(ir.IntType(32 if is_single else 64), lanes)
    bits = builder.add(builder.bitcast(shifted, whole), whole([bias] * lanes))
    power = builder.shl(bits, whole([mantissa] * lanes))
    return builder.fmul(series, builder.bitcast(power, e.vector))
