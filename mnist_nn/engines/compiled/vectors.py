"""Vectors for Numba: what a register holds, 64 bytes, which are 16 float32 or 8 float64.

Numba compiles loops over single numbers and leaves it to LLVM to guess which may run side by side.
In the inner loops of a matrix product the guess is often no, because two arrays might overlap. So
this module gives Numba a vector type and the dozen operations that the kernels are written in; LLVM
fits them to the processor: one register with AVX-512, two with AVX2, four with SSE or NEON.

An index counts numbers, not vectors, and is *not* checked: no wrap-around, no bounds.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array
from numpy.typing import DTypeLike

BYTES = 64
EIGHT = 8  # vectors that `store_totals` adds up at a time, and the side of a tile

_I32 = ir.IntType(32)


def lanes_of(dtype: DTypeLike) -> int:
    """Return how many numbers of a floating-point type make a vector."""
    return BYTES // np.dtype(dtype).itemsize


class Vector(types.Type):
    """The type of a vector of `scalar`s."""

    def __init__(self, scalar: Any) -> None:
        self.scalar = scalar
        self.lanes = BYTES * 8 // scalar.bitwidth
        super().__init__(name=f"Vector({scalar})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is an LLVM vector and lives in registers."""

    def __init__(self, manager: Any, vector: Vector) -> None:
        scalar = manager.lookup(vector.scalar).get_value_type()
        super().__init__(manager, vector, ir.VectorType(scalar, vector.lanes))


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Point at an element of a contiguous array."""
    data = make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


def _vector_address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Point at the vector that begins at an element."""
    address = _address(context, builder, array_type, array, index)
    vector = context.get_value_type(Vector(array_type.dtype))
    return builder.bitcast(address, vector.as_pointer())


def _broadcast(builder: Any, vector: Any, number: Any) -> Any:
    """Put a number into every lane of a vector of this type."""
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, _mask([0] * vector.count))


def _multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c lane by lane, rounded once where the processor can."""
    bits = 32 if a.type.element == ir.FloatType() else 64
    name = f"llvm.fmuladd.v{a.type.count}f{bits}"
    function_type = ir.FunctionType(a.type, [a.type] * 3)
    function = cgutils.get_or_insert_function(builder.module, function_type, name)
    return builder.call(function, [a, b, c])


def _mask(numbers: Any) -> Any:
    """Return which lanes a shuffle takes."""
    numbers = list(numbers)
    return ir.Constant(ir.VectorType(_I32, len(numbers)), numbers)


def _fold(builder: Any, a: Any, b: Any) -> Any:
    """Add neighbours: [a0 + a1, a2 + a3, …, b0 + b1, b2 + b3, …]."""
    n = a.type.count
    even = builder.shuffle_vector(a, b, _mask(range(0, 2 * n, 2)))
    odd = builder.shuffle_vector(a, b, _mask(range(1, 2 * n, 2)))
    return builder.fadd(even, odd)


@intrinsic
def lanes(typing: Any, array: Any) -> Any:
    """Return how many numbers a vector of this array has; a constant once compiled."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant(types.intp, Vector(array.dtype).lanes)

    return types.intp(array), generate


@intrinsic
def zeros(typing: Any, array: Any) -> Any:
    """Return a vector of zeros, for sums of this array's numbers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(signature.return_type), None)

    return Vector(array.dtype)(array), generate


@intrinsic
def load_scalar(typing: Any, array: Any, index: Any) -> Any:
    """Read one number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature.args[0], *args))

    return array.dtype(array, types.intp), generate


@intrinsic
def store_scalar(typing: Any, array: Any, index: Any, number: Any) -> Any:
    """Write one number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature.args[0], *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), generate


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Read the vector that begins at an index."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _vector_address(context, builder, signature.args[0], *args)
        return builder.load(address, align=array.dtype.bitwidth // 8)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write a vector from an index on."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _vector_address(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def broadcast(typing: Any, array: Any, index: Any) -> Any:
    """Read one number into every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number = builder.load(_address(context, builder, signature.args[0], *args))
        return _broadcast(builder, context.get_value_type(signature.return_type), number)

    return Vector(array.dtype)(array, types.intp), generate


@intrinsic
def add(typing: Any, a: Any, b: Any) -> Any:
    """Add lane by lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args)

    return a(a, b), generate


@intrinsic
def multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c lane by lane, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _multiply_add(builder, *args)

    return a(a, b, c), generate


@intrinsic(prefer_literal=True)
def no_sums(typing: Any, array: Any, rows: Any) -> Any:
    """Return a constant number of vectors of zeros, for sums of this array's numbers."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(signature.return_type), None)

    sums = types.UniTuple(Vector(array.dtype), rows.literal_value)
    return sums(array, rows), generate


@intrinsic
def multiply_add_rows(
    typing: Any, sums: Any, array: Any, index: Any, step: Any, vector: Any
) -> Any:
    """Add to each sum its number, of those `step` apart from `index` on, times a vector."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        totals, array, index, step, vector = args
        for row in range(len(signature.args[0])):
            number = builder.load(_address(context, builder, signature.args[1], array, index))
            factor = _broadcast(builder, vector.type, number)
            total = _multiply_add(builder, factor, vector, builder.extract_value(totals, row))
            totals = builder.insert_value(totals, total, row)
            index = builder.add(index, step)
        return totals

    return sums(sums, array, types.intp, types.intp, vector), generate


@intrinsic
def multiply_add_columns(
    typing: Any, sums: Any, array: Any, index: Any, step: Any, vector: Any
) -> Any:
    """Add to each sum its vector, of those that are `step` apart from `index` on, times another."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        totals, array, index, step, vector = args
        align = signature.args[1].dtype.bitwidth // 8
        for row in range(len(signature.args[0])):
            address = _vector_address(context, builder, signature.args[1], array, index)
            factor = builder.load(address, align=align)
            total = _multiply_add(builder, factor, vector, builder.extract_value(totals, row))
            totals = builder.insert_value(totals, total, row)
            index = builder.add(index, step)
        return totals

    return sums(sums, array, types.intp, types.intp, vector), generate


@intrinsic
def add_rows(typing: Any, array: Any, index: Any, step: Any, fresh: Any, sums: Any) -> Any:
    """Add sums to the vectors that are `step` apart from `index` on, or replace them if `fresh`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, index, step, fresh, sums = args
        align = signature.args[0].dtype.bitwidth // 8
        for row in range(len(signature.args[4])):
            address = _vector_address(context, builder, signature.args[0], array, index)
            total = builder.extract_value(sums, row)
            both = builder.fadd(builder.load(address, align=align), total)
            builder.store(builder.select(fresh, total, both), address, align=align)
            index = builder.add(index, step)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, types.boolean, sums), generate


@intrinsic
def transpose(typing: Any, array: Any, to: Any, to_row: Any, at: Any, at_row: Any) -> Any:
    """Copy a tile of 8 by 8 numbers from `at` to `to`, its rows to columns.

    Three times, the first half of the vectors is interleaved with the second, number by number.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, to, to_row, at, at_row = args
        scalar = signature.args[0].dtype
        pointer = ir.VectorType(context.get_value_type(scalar), 8).as_pointer()

        def address(start: Any, row: Any, step: Any) -> Any:
            index = builder.add(start, builder.mul(step, ir.Constant(step.type, row)))
            element = _address(context, builder, signature.args[0], array, index)
            return builder.bitcast(element, pointer)

        align = scalar.bitwidth // 8
        rows = [builder.load(address(at, row, at_row), align=align) for row in range(8)]
        halves = [_mask(k // 2 + 8 * (k % 2) + half for k in range(8)) for half in (0, 4)]
        for _ in range(3):
            pairs = zip(rows[:4], rows[4:], strict=True)
            rows = [builder.shuffle_vector(*pair, half) for pair in pairs for half in halves]
        for row, vector in enumerate(rows):
            builder.store(vector, address(to, row, to_row), align=align)
        return context.get_dummy_value()

    return types.void(array, *[types.intp] * 4), generate


@intrinsic
def store_totals(typing: Any, array: Any, index: Any, sums: Any) -> Any:
    """Write the sums over the lanes of eight vectors to eight neighbours.

    Adding up the lanes of one vector takes a chain of shuffles; eight at a time share theirs.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, index, sums = args
        vectors = [builder.extract_value(sums, row) for row in range(EIGHT)]
        while len(vectors) > 1:
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            vectors = [_fold(builder, first, second) for first, second in pairs]
        (totals,) = vectors
        if totals.type.count > EIGHT:  # float32: two lanes are left of each
            totals = _fold(builder, totals, totals)
        totals = builder.shuffle_vector(totals, totals, _mask(range(EIGHT)))
        address = _address(context, builder, signature.args[0], array, index)
        address = builder.bitcast(address, totals.type.as_pointer())
        builder.store(totals, address, align=signature.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, sums), generate


@intrinsic
def nonzero_mask(typing: Any, array: Any, index: Any) -> Any:
    """Compare eight neighbours with 0: bit k is set if ``array[index + k]`` is not 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        scalar = context.get_value_type(array.dtype)
        vector = ir.VectorType(scalar, 8)
        address = _address(context, builder, signature.args[0], *args)
        address = builder.bitcast(address, vector.as_pointer())
        numbers = builder.load(address, align=array.dtype.bitwidth // 8)
        zero = ir.Constant(vector, None)
        if isinstance(array.dtype, types.Float):
            nonzero = builder.fcmp_unordered("!=", numbers, zero)  # NaN is not zero
        else:
            nonzero = builder.icmp_unsigned("!=", numbers, zero)
        bits = builder.bitcast(nonzero, ir.IntType(8))
        return builder.zext(bits, context.get_value_type(types.intp))

    return types.intp(array, types.intp), generate


@intrinsic
def store_shifted(typing: Any, array: Any, index: Any, table: Any, row: Any, shift: Any) -> Any:
    """Write eight numbers of a table of bytes, each plus `shift`, to eight int32 neighbours."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, index, table, row, shift = args
        source = _address(context, builder, signature.args[2], table, row)
        source = builder.bitcast(source, ir.VectorType(ir.IntType(8), 8).as_pointer())
        vector = ir.VectorType(_I32, 8)
        numbers = builder.zext(builder.load(source, align=1), vector)
        numbers = builder.add(numbers, _broadcast(builder, vector, builder.trunc(shift, _I32)))
        target = _address(context, builder, signature.args[0], array, index)
        builder.store(numbers, builder.bitcast(target, vector.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, table, types.intp, types.intp), generate


@intrinsic
def prefetch(typing: Any, array: Any, index: Any) -> Any:
    """Prefetch the cache line of a number that will be read soon."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        address = builder.bitcast(_address(context, builder, signature.args[0], *args), pointer)
        function_type = ir.FunctionType(ir.VoidType(), [pointer, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        read, near, data = (ir.Constant(_I32, n) for n in (0, 2, 1))
        builder.call(function, [address, read, near, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def from_bits(typing: Any, bits: Any) -> Any:
    """Reinterpret an int32 as the bits of a float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate
