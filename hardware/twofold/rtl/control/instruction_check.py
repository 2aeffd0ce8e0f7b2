"""Refuses instructions that this engine cannot execute, before it does."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bounds import exceeds
from twofold.rtl.control.run_errors import CAUSE_BITS, Cause
from twofold.rtl.geometry import Feature, Geometry
from twofold.rtl.inner_product import ProductTiming
from twofold.rtl.isa import (
    ADDRESS_BITS,
    EARLY_MAX,
    INSTRUCTION_BYTES,
    TRANSFER,
    Base,
    Memory,
    Opcode,
    Output,
    layer_of,
    names_more,
)

_COUNTS = (
    *("tile_blocks", "last_blocks", "out_groups", "in_blocks"),
    *("taps_y", "taps_x", "parts", "out_height", "out_width"),
)
"""Fields of a layer of which 0 means nothing that can be executed."""

_REACHED = {
    Opcode.LOAD: (Memory.ACTIVATIONS, Memory.WEIGHTS, Memory.PARAMETERS),
    Opcode.PREFETCH: (Memory.ACTIVATIONS,),
    Opcode.STORE: (Memory.ACTIVATIONS, Memory.SUMS),
}
"""The memories that a transfer can name."""


class InstructionCheck(wiring.Component):
    """`cause`, LATENCY = 2 cycles after `instruction`: why it cannot be executed, or Cause.NONE.

    A layer's addresses are not among it: they are watched as it executes (Cause.BOUNDS).
    """

    LATENCY = 2

    def __init__(self, geometry: Geometry):
        self.geometry, self.timing = geometry, ProductTiming.of(geometry)
        super().__init__({"instruction": In(8 * INSTRUCTION_BYTES), "cause": Out(CAUSE_BITS)})

    def elaborate(self, platform):
        m = Module()
        opcode = Signal(4)
        m.d.sync += [opcode.eq(self.instruction[:4]), self.cause.eq(Cause.NONE)]
        transfer = self._transfer(m)
        layer = self._layer(m)
        with m.Switch(opcode):
            with m.Case(Opcode.END, Opcode.FRAME):
                pass
            for known in _REACHED:
                with m.Case(known):
                    self._first(m, transfer)
            with m.Case(Opcode.LAYER):
                self._first(m, layer)
            with m.Default():
                m.d.sync += self.cause.eq(Cause.OPCODE)
        return m

    def _first(self, m, flags):
        """The cause is that of the first flag that is set."""
        for cause, flag in reversed(flags):
            with m.If(flag):
                m.d.sync += self.cause.eq(cause)

    def _flag(self, m, wrong, name):
        """In a register: the instruction's conditions and their order are a cycle each."""
        flag = Signal(len(wrong), name=name)
        m.d.sync += flag.eq(wrong)
        return flag

    def _transfer(self, m):
        transfer = data.View(TRANSFER, self.instruction[: TRANSFER.size])
        unreached = Signal()
        with m.Switch(self.instruction[:4]):
            for opcode, memories in _REACHED.items():
                with m.Case(opcode):
                    reached = Array(memory in memories for memory in Memory)[transfer.memory]
                    m.d.comb += unreached.eq(~reached)
        return (
            (Cause.MEMORY, self._flag(m, unreached | (transfer.base > max(Base)), "memory")),
            (Cause.ALIGNMENT, self._flag(m, transfer.offset[:3] != 0, "alignment")),
            (Cause.RANGE, self._flag(m, self._outside(m, transfer), "range")),
        )

    def _outside(self, m, transfer):
        """Whether there are no words, or a band of them ends outside its memory."""
        geometry, end = self.geometry, Signal(ADDRESS_BITS + 1)
        m.d.comb += end.eq(transfer.address + transfer.band_words)
        depths = (
            *(geometry.activation_words, geometry.weight_words),
            *(geometry.parameter_words, geometry.sum_words),
        )
        too_far = Array(exceeds(end, depth) for depth in depths)[transfer.memory]
        return (transfer.words == 0) | (transfer.band_words == 0) | too_far

    def _unpairable(self, layer):
        """Whether no second group can be computed beside each first one."""
        pairs = Array(self.timing.is_paired(pe) for pe in range(len(self.geometry.kinds) + 1))[layer.pe]
        whole = (layer.out_groups[0] == 0) & (layer.last_blocks == layer.tile_blocks)
        return ~(pairs & whole) | (layer.parts != 1) | (layer.output == Output.SUMS)

    def _layer(self, m):
        geometry = self.geometry
        layer = layer_of(self.instruction, geometry.tiles)
        wrong = Cat(
            *(layer[name] == 0 for name in _COUNTS),
            layer.pe > len(geometry.kinds),
            layer.output > max(Output),
            names_more(self.instruction, geometry.tiles),
            (1 << layer.blocks_log2) > geometry.tiles,
            layer.tile_blocks > (1 << layer.blocks_log2),
            layer.last_blocks > layer.tile_blocks,
            (layer.taps_y | layer.taps_x) >> geometry.tap_bits != 0,
            layer.early > EARLY_MAX,
            layer.doubled if Feature.UPSAMPLING not in geometry.features else 0,
            layer.paired & self._unpairable(layer),
        )
        return ((Cause.LAYER, self._flag(m, wrong, "layer").any()),)
