"""Tiles for numba: a few latents by one vector of lanes, held in registers.

A tile of n rows is n SIMD vectors, one per latent, with one lane of a block in each element. Arrays
are flat: row ``r`` of a tile lies ``r`` vectors behind its offset. Functions that make a tile take
``rows``, a tuple of which only the length counts: the number of rows. All are numba intrinsics
that emit vector instructions, because loops over arrays do not keep sums in registers.
"""

from functools import cache
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

_WHOLE, _INDEX = types.int64, ir.IntType(32)
_FUSED = ("contract",)  # lets a product and a sum become one instruction
EDGE = 4  # latents of both sides in `add_outer`


@cache
def vector_bytes() -> int:
    """Find the width of this processor's vectors.

    Returns
    -------
    int
        Bytes.
    """
    features = binding.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


def tile_rows(n_rows: int) -> tuple[int, ...]:
    """Choose how many rows a tile has: as many as registers hold, and as divide all rows.

    Parameters
    ----------
    n_rows : int
        Number of all rows, a multiple of 4.

    Returns
    -------
    tuple of int
        Zeros. Only its length counts, because kernels know only types when they compile.
    """
    most = 16 if vector_bytes() == 64 else 8
    return (0,) * next(n for n in (16, 8, 4) if n <= most and n_rows % n == 0)


class TileType(types.Type):
    """Numba type of a tile: `rows` vectors, each as many numbers long as there are lanes.

    Parameters
    ----------
    dtype : numba type
        Type of a number.
    rows : int
        Number of vectors.
    """

    def __init__(self, dtype: Any, rows: int):
        self.dtype, self.rows, self.lanes = dtype, rows, vector_bytes() * 8 // dtype.bitwidth
        super().__init__(name=f"Tile({dtype}, {rows} x {self.lanes})")


@register_model(TileType)
class _TileModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        vector = _vector(fe_type.dtype, fe_type.lanes)
        super().__init__(dmm, fe_type, ir.ArrayType(vector, fe_type.rows))


def _vector(dtype, lanes):
    number = ir.FloatType() if dtype == types.float32 else ir.DoubleType()
    return ir.VectorType(number, lanes)


class _Emitter:
    """Writes the instructions of one call.

    `signature` has the types of the call and `arguments` the values, by position; `data(2)` is the
    address of the array that is the third argument, `rows(0)` the vectors of the tile that is the
    first. A function below declares its types and hands an ``emit`` to `emits`: see `add_scaled`.
    """

    def __init__(self, context, builder, signature, arguments):
        self.context, self.builder, self.signature = context, builder, signature
        self.arguments = arguments
        tiles = [t for t in (*signature.args, signature.return_type) if isinstance(t, TileType)]
        arrays = [t for t in signature.args if isinstance(t, types.Array)]
        self.tile = tiles[0] if tiles else TileType(arrays[0].dtype, 1)
        self.vector = _vector(self.tile.dtype, self.tile.lanes)
        self.size = self.tile.dtype.bitwidth // 8

    def data(self, position):
        """Address of the first number of an array argument."""
        array = self.context.make_array(self.signature.args[position])
        return array(self.context, self.builder, self.arguments[position]).data

    def plus(self, offset, whole):
        return self.builder.add(offset, offset.type(whole)) if whole else offset

    def times(self, offset, whole):
        return self.builder.mul(offset, offset.type(whole))

    def load(self, data, offset, row=0):
        """Vector at an offset, or `row` vectors behind it."""
        return self.builder.load(self._place(data, offset, row), align=self.size)

    def store(self, vector, data, offset, row=0):
        self.builder.store(vector, self._place(data, offset, row), align=self.size)

    def _place(self, data, offset, row):
        place = self.builder.gep(data, [self.plus(offset, row * self.tile.lanes)])
        return self.builder.bitcast(place, self.vector.as_pointer())

    def number(self, data, offset, row=0):
        """One number in every lane."""
        return self.splat(
            self.builder.load(self.builder.gep(data, [self.plus(offset, row)])), self.vector
        )

    def splat(self, value, vector):
        first = self.builder.insert_element(vector(ir.Undefined), value, _INDEX(0))
        return self.shuffle(first, [0] * vector.count)

    def shuffle(self, vector, places, other=None):
        """Elements of a vector, or beyond it of another, in a new order."""
        mask = ir.Constant(ir.VectorType(_INDEX, len(places)), list(places))
        return self.builder.shuffle_vector(vector, other or vector, mask)

    def transposed(self, square):
        """As many vectors as each has elements, transposed by swapping ever smaller squares."""
        width = distance = len(square)
        while distance > 1:
            distance //= 2
            is_low = [not place & distance for place in range(width)]
            low = [p if keep else width + p - distance for p, keep in enumerate(is_low)]
            high = [p + distance if keep else width + p for p, keep in enumerate(is_low)]
            for i in (i for i in range(width) if is_low[i]):
                one, other = square[i], square[i + distance]
                square[i] = self.shuffle(one, low, other)
                square[i + distance] = self.shuffle(one, high, other)
        return square

    def fused(self, x, y, z):
        """``x * y + z``."""
        product = self.builder.fmul(x, y, flags=_FUSED)
        return self.builder.fadd(product, z, flags=_FUSED)

    def above(self, vector, floor, offset, row):
        return self.builder.fcmp_ordered(">", vector, self.number(floor, offset, row))

    def rows(self, position):
        """Vectors of a tile argument."""
        tile = self.arguments[position]
        return [self.builder.extract_value(tile, row) for row in range(self.tile.rows)]

    def pack(self, vectors):
        """A tile of vectors."""
        packed = ir.ArrayType(self.vector, self.tile.rows)(ir.Undefined)
        for row, vector in enumerate(vectors):
            packed = self.builder.insert_value(packed, vector, row)
        return packed

    def sum_up(self, starts, n, summand):
        """Add ``summand(step, which)`` to every start, for `n` steps; sums stay in registers."""
        sums = [cgutils.alloca_once_value(self.builder, start) for start in starts]
        with cgutils.for_range(self.builder, n) as loop:
            factors = summand(loop.index)
            for total, (x, y) in zip(sums, factors, strict=True):
                self.builder.store(self.fused(x, y, self.builder.load(total)), total)
        return [self.builder.load(total) for total in sums]


def emits(function):
    """Code generator that hands an `_Emitter` to a function."""
    return lambda *call: function(_Emitter(*call))


@intrinsic
def zeros(typing, array, rows):
    """A tile of zeros, of the array's kind of number."""
    tile = TileType(array.dtype, len(rows))
    return tile(array, rows), emits(lambda e: e.pack([e.vector(None)] * e.tile.rows))


@intrinsic
def load(typing, array, at, rows):
    """The tile at an offset."""

    def emit(e):
        data, at = e.data(0), e.arguments[1]
        return e.pack([e.load(data, at, row) for row in range(e.tile.rows)])

    return TileType(array.dtype, len(rows))(array, _WHOLE, rows), emits(emit)


@intrinsic
def store(typing, array, at, tile):
    """Write a tile at an offset."""

    def emit(e):
        data, at = e.data(0), e.arguments[1]
        for row, vector in enumerate(e.rows(2)):
            e.store(vector, data, at, row)
        return e.context.get_dummy_value()

    return types.void(array, _WHOLE, tile), emits(emit)


@intrinsic
def spread(typing, numbers, at, rows):
    """A tile with one number per row in all lanes."""

    def emit(e):
        data, at = e.data(0), e.arguments[1]
        return e.pack([e.number(data, at, row) for row in range(e.tile.rows)])

    return TileType(numbers.dtype, len(rows))(numbers, _WHOLE, rows), emits(emit)


@intrinsic
def add(typing, tile, other):
    """Sum of two tiles."""

    def emit(e):
        pairs = zip(e.rows(0), e.rows(1), strict=True)
        return e.pack([e.builder.fadd(x, y) for x, y in pairs])

    return tile(tile, other), emits(emit)


@intrinsic
def add_product(typing, tile, one, other):
    """``tile + one * other``, element by element."""

    def emit(e):
        trios = zip(e.rows(1), e.rows(2), e.rows(0), strict=True)
        return e.pack([e.fused(x, y, z) for x, y, z in trios])

    return tile(tile, one, other), emits(emit)


@intrinsic
def add_scaled(typing, tile, numbers, at, other):
    """``tile[r] + numbers[at + r] * other[r]``."""

    def emit(e):  # tile 0, array of numbers 1, offset 2, other tile 3
        data, at = e.data(1), e.arguments[2]
        pairs = enumerate(zip(e.rows(3), e.rows(0), strict=True))
        return e.pack([e.fused(e.number(data, at, row), y, z) for row, (y, z) in pairs])

    return tile(tile, numbers, _WHOLE, other), emits(emit)


@intrinsic
def add_lane_scaled(typing, tile, array, at, other):
    """``tile[r] + vector * other[r]`` with the vector of `array` at an offset."""

    def emit(e):
        factor = e.load(e.data(1), e.arguments[2])
        return e.pack([e.fused(factor, y, z) for y, z in zip(e.rows(3), e.rows(0), strict=True)])

    return tile(tile, array, _WHOLE, other), emits(emit)


@intrinsic
def add_matmul(typing, tile, matrix, at, step, array, start, n):
    """``tile[r] + sum_j matrix[at + j step + r] x_j``, x_j the n vectors of `array` from start."""

    def emit(e):
        _, _, at, step, _, start, n = e.arguments
        weights, data = e.data(1), e.data(4)

        def summand(j):
            x = e.load(data, e.builder.add(start, e.times(j, e.tile.lanes)))
            column = e.builder.add(at, e.builder.mul(j, step))
            return [(e.number(weights, column, row), x) for row in range(e.tile.rows)]

        return e.pack(e.sum_up(e.rows(0), n, summand))

    return tile(tile, matrix, _WHOLE, _WHOLE, array, _WHOLE, _WHOLE), emits(emit)


@intrinsic
def add_outer(typing, sums, at, step, left, here, left_step, right, there, right_step, n):
    """Add to 4 x 4 vectors of `sums` the products of 4 vectors on either side, over n steps.

    ``sums[i, j] += sum_k left[k, i] * right[k, j]``, rows of `sums` being `step` numbers apart,
    and steps of `left` and `right` `left_step` and `right_step` numbers.
    """

    def emit(e):
        _, at, step, _, here, left_step, _, there, right_step, n = e.arguments
        target, one, other = e.data(0), e.data(3), e.data(6)
        corners = [e.builder.add(at, e.times(step, i)) for i in range(EDGE)]

        def summand(k):
            first = e.builder.add(here, e.builder.mul(k, left_step))
            second = e.builder.add(there, e.builder.mul(k, right_step))
            lefts = [e.load(one, first, i) for i in range(EDGE)]
            rights = [e.load(other, second, j) for j in range(EDGE)]
            return [(x, y) for x in lefts for y in rights]

        starts = [e.load(target, corner, j) for corner in corners for j in range(EDGE)]
        for k, vector in enumerate(e.sum_up(starts, n, summand)):
            e.store(vector, target, corners[k // EDGE], k % EDGE)
        return e.context.get_dummy_value()

    whole = (_WHOLE, _WHOLE)
    return types.void(sums, *whole, left, *whole, right, *whole, _WHOLE), emits(emit)


@intrinsic
def rectify(typing, tile, floor, at):
    """``phi``: every row not below its floor."""

    def emit(e):
        data, at = e.data(1), e.arguments[2]
        return e.pack([
            e.builder.select(e.above(z, data, at, row), z, e.number(data, at, row))
            for row, z in enumerate(e.rows(0))
        ])  # fmt: skip

    return tile(tile, floor, _WHOLE), emits(emit)


@intrinsic
def gate(typing, tile, other, floor, at):
    """The tile where `other` is above its floor, else 0: the slope of ``phi`` times the tile."""

    def emit(e):
        data, at, off = e.data(2), e.arguments[3], e.vector(None)
        pairs = enumerate(zip(e.rows(0), e.rows(1), strict=True))
        return e.pack(
            [e.builder.select(e.above(z, data, at, row), x, off) for row, (x, z) in pairs]
        )

    return tile(tile, other, floor, _WHOLE), emits(emit)


@intrinsic
def keep_first(typing, tile, n):
    """The tile in its first n lanes, else 0."""

    def emit(e):
        kind = ir.VectorType(_INDEX, e.tile.lanes)
        n = e.splat(e.builder.trunc(e.arguments[1], _INDEX), kind)
        kept = e.builder.icmp_signed("<", ir.Constant(kind, list(range(e.tile.lanes))), n)
        return e.pack([e.builder.select(kept, x, e.vector(None)) for x in e.rows(0)])

    return tile(tile, _WHOLE), emits(emit)


@intrinsic
def sum_lanes(typing, array, at):
    """Sum of the vector at an offset, halves first."""

    def emit(e):
        vector, width = e.load(e.data(0), e.arguments[1]), e.tile.lanes
        while width > 1:
            width //= 2
            halves = [e.shuffle(vector, range(k * width, (k + 1) * width)) for k in (0, 1)]
            vector = e.builder.fadd(*halves)
        return e.builder.extract_element(vector, _INDEX(0))

    return array.dtype(array, _WHOLE), emits(emit)


@intrinsic
def transpose(typing, out, at, array, offsets, n):
    """Turn stretches of numbers, one per lane, into vectors over lanes.

    Vector p behind `at` gets ``array[offset + p]`` of every lane; the stretches are n vectors long.
    """

    def emit(e):
        _, at, _, _, n = e.arguments
        target, source, starts = e.data(0), e.data(2), e.data(3)
        lanes = e.tile.lanes
        begins = [e.builder.load(e.builder.gep(starts, [n.type(lane)])) for lane in range(lanes)]
        with cgutils.for_range(e.builder, n) as loop:
            along = e.times(loop.index, lanes)
            square = [e.load(source, e.builder.add(begin, along)) for begin in begins]
            for row, vector in enumerate(e.transposed(square)):
                e.store(vector, target, e.builder.add(at, e.times(along, lanes)), row)
        return e.context.get_dummy_value()

    return types.void(out, _WHOLE, array, offsets, _WHOLE), emits(emit)
