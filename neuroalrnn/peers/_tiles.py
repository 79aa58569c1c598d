"""Arithmetic of tiles, and the squashing functions of gated networks.

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
def is_any(typing, array, at):
    """Whether the vector at an offset has a number that is not 0."""

    def emit(e):
        vector = e.load(e.data(0), e.arguments[1])
        found = e.builder.fcmp_unordered("!=", vector, _constant(e, 0.0))
        bits = e.builder.bitcast(found, ir.IntType(e.tile.lanes))
        return e.builder.icmp_unsigned("!=", bits, bits.type(0))

    return types.boolean(array, types.int64), emits(emit)


@intrinsic
def sigmoid(typing, tile):
    """``1 / (1 + exp(-x))``."""
    return tile(tile), emits(lambda e: e.pack([_sigmoid(e, x, 1) for x in e.rows(0)]))


@intrinsic
def tanh(typing, tile):
    """``tanh(x) = 2 / (1 + exp(-2 x)) - 1``, to the last digit of 1."""

    def emit(e):
        two, one = _constant(e, 2.0), _constant(e, -1.0)
        return e.pack([e.fused(two, _sigmoid(e, x, 2), one) for x in e.rows(0)])

    return tile(tile), emits(emit)


@intrinsic
def log_sigmoid(typing, tile):
    """``min(x, 0) - log(1 + exp(-|x|))``."""
    return tile(tile), emits(lambda e: e.pack([_log_sigmoid(e, x) for x in e.rows(0)]))


def _sigmoid(e, x, times):
    """Sigmoid of so many times x."""
    (power, series), one = _exp(e, x, -times), _constant(e, 1.0)
    return e.builder.fdiv(one, e.fused(series, power, one))


def _log_sigmoid(e, x):
    """The logarithm is ``2 artanh(t / (2 + t))`` with ``t = exp(-|x|)``, as a Taylor series."""
    builder, zero, opposite = e.builder, _constant(e, 0.0), e.builder.fneg(x)
    below = builder.select(builder.fcmp_ordered(">", x, zero), zero, x)
    size = builder.select(builder.fcmp_ordered(">", x, zero), x, opposite)
    power, series = _exp(e, size, -1)
    t = builder.fmul(power, series)
    s = builder.fdiv(t, builder.fadd(t, _constant(e, 2.0)))
    square, total = builder.fmul(s, s), _constant(e, 0.0)
    for k in range(8 if _is_single(e) else 17, -1, -1):
        total = e.fused(total, square, _constant(e, 2.0 / (2 * k + 1)))
    return builder.fsub(below, builder.fmul(s, total))


def _exp(e, x, times):
    """Two factors of ``exp(times x)``: a power of two, and a Taylor series of what is left.

    Adding 1.5 * 2^m to a number, m the bits of a mantissa, leaves the number rounded in the last
    bits. Where exp would overflow or vanish, x is cut.
    """
    is_single, builder = _is_single(e), e.builder
    mantissa, bias, degree, most = (23, 127, 6, 87.0) if is_single else (52, 1023, 13, 708.0)
    for sign, limit in (("<", -most / abs(times)), (">", most / abs(times))):
        limit = _constant(e, limit)
        x = builder.select(builder.fcmp_ordered(sign, x, limit), limit, x)
    scale = _constant(e, times / math.log(2))
    shift = _constant(e, 1.5 * 2.0**mantissa + bias)
    shifted = e.fused(x, scale, shift)
    rest = e.fused(x, scale, builder.fsub(shift, shifted))
    series = _constant(e, _taylor(degree))
    for k in range(degree - 1, -1, -1):
        series = e.fused(series, rest, _constant(e, _taylor(k)))
    whole = ir.VectorType(ir.IntType(32 if is_single else 64), e.tile.lanes)
    power = builder.shl(builder.bitcast(shifted, whole), whole([mantissa] * e.tile.lanes))
    return builder.bitcast(power, e.vector), series


def _taylor(k):
    """Coefficient of ``x^k`` in ``2^x``."""
    return math.log(2) ** k / math.factorial(k)


def _is_single(e):
    return e.tile.dtype == types.float32


def _constant(e, value):
    return e.vector([value] * e.tile.lanes)
