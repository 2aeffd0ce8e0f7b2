"""Parts that the processing elements are built from: registered trees, delays, sets of weights."""

from __future__ import annotations

from amaranth.hdl import Module, Shape, Signal, Value

from twofold.rtl.mac.interface import PeArray


def delay(m: Module, value: Value, cycles: int, name: str) -> Value:
    """`value` as it was `cycles` cycles ago. Without reset, so that it can be a shift register in LUTs."""
    for stage in range(cycles):
        later = Signal(value.shape(), name=f"{name}_{stage}", reset_less=True)
        m.d.sync += later.eq(value)
        value = later
    return value


def registers(m: Module, value: Value, cycles: int, name: str) -> Value:
    """`delay` in flip-flops: their reset keeps them from becoming shift registers in LUTs."""
    for stage in range(cycles):
        later = Signal(value.shape(), name=f"{name}_{stage}")
        m.d.sync += later.eq(value)
        value = later
    return value


def tree_levels(terms: int) -> int:
    """Cycles that `adder_tree` takes."""
    return (terms - 1).bit_length()


def adder_tree(m: Module, terms: list[Value], name: str) -> Value:
    """Sum of signed terms by pairs, registered after each level, widths growing by a bit a level."""
    for level in range(tree_levels(len(terms))):
        width = 1 + max(Shape.cast(term.shape()).width for term in terms)
        sums: list[Value] = []
        for index in range(0, len(terms), 2):
            total = Signal(Shape(width, signed=True), name=f"{name}_{level}_{index // 2}", reset_less=True)
            m.d.sync += total.eq(sum(terms[index + 1 : index + 2], start=terms[index]))
            sums.append(total)
        terms = sums
    return terms[0]


def weight_words(m: Module, pe: PeArray) -> list[Signal]:
    """The words that are multiplied by, `load_words` of 8·tin bits, aligned with `a` delayed by one cycle."""
    active = []
    for index in range(pe.kind.load_words):
        waiting = Signal(8 * pe.kind.tin, name=f"waiting_{index}", reset_less=True)
        used = Signal(8 * pe.kind.tin, name=f"used_{index}", reset_less=True)
        with m.If(pe.load_valid & (pe.load_index == index)):
            m.d.sync += waiting.eq(pe.load_word)
        with m.If(pe.swap):
            m.d.sync += used.eq(waiting)
        active.append(used)
    return active


def registered_activations(m: Module, pe: PeArray) -> list[Signal]:
    """`a` delayed by one cycle."""
    values = []
    for index in range(pe.kind.tin):
        value = Signal(pe.kind.activation_shape, name=f"a_{index}", reset_less=True)
        m.d.sync += value.eq(pe.a[index])
        values.append(value)
    return values
