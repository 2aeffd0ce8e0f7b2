"""The outer loops of a layer: one tap of one pair of channel blocks after the other."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.countdown import Countdown
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LANES_PE, LAYER, PART_BITS, TAP_BITS, TILES_MAX
from twofold.rtl.loop_nest import LoopNest
from twofold.rtl.primitives.lut_sum import lut_sum
from twofold.rtl.tile_offsets import low_bits

TAP = data.StructLayout(
    {
        "x": signed(12),
        "y": signed(12),
        "base": unsigned(ADDRESS_BITS),
        "row": unsigned(ADDRESS_BITS),
        "bank": unsigned(BANK_BITS),
        "sums": unsigned(ADDRESS_BITS),
        "part": unsigned(PART_BITS),
        "rest": unsigned(1),
        "first": unsigned(1),
        "final": unsigned(1),
        "last": unsigned(1),
        "recall": unsigned(1),
        "ended": unsigned(1),
    }
)
"""Where a sweep starts: input column `x` and row `y` of output pixel (0, 0); the address of a band's first
word, from there to column 0 of that row, its bank; the address of the first sum; the `part` of the inputs;
`rest`: not the first input block; `first` and `final` sweep of an output group; `last` sweep of the layer;
`recall`: no weights are met, the sums that were computed beside those of the group before come, as a group's
only sweep; `ended`: no later sweep of the layer has weights."""


class TapGenerator(wiring.Component):
    """Gives a layer's sweeps in the order output group, input block, tap row, tap column, part of the inputs.

    Of a paired layer's groups every second one has a single sweep, a `recall` of the same words.

    After `start` (one cycle, while no sweep is left) the first tap is valid in the next cycle; every
    transfer makes the next tap valid in the cycle after it. `layer` is stable from `start` to the end.

    Input blocks of a convolution lie in one bank after the other, and `in_block_stride` further after
    each 2^in_fold of them; operands without weights lie in the same banks, `in_block_stride` apart.

    layer: the LAYER instruction for `tiles` tiles; of its `taps_y` and `taps_x` the low `tap_bits`.
    pairs: whether a layer can be paired.
    taps: stream of TAP.
    """

    def __init__(self, tap_bits: int = TAP_BITS, tiles: int = TILES_MAX, pairs: bool = False):
        self.tiles, self.pairs = tiles, pairs
        super().__init__({"start": In(1), "layer": In(LAYER), "taps": Out(stream.Signature(TAP))})
        self._nest = LoopNest(
            [
                Countdown(PART_BITS + 1, "parts"),
                Countdown(tap_bits, "x"),
                Countdown(tap_bits, "y"),
                Countdown(8, "in"),
                Countdown(8, "out"),
            ]
        )
        self._last_part, self._last_x, self._last_y, self._final, self._last = self._nest.ends
        # of the output group's first input block: address and bank; of the current block: its bank, and
        # how many blocks there still are at its address
        self._group_base, self._group_bank = Signal(ADDRESS_BITS), Signal(BANK_BITS)
        self._block_bank, self._fold_left = Signal(BANK_BITS), Signal(BANK_BITS)

    def elaborate(self, platform):
        m = Module()
        tap = self.taps.payload
        step = BandStep.of(m, self.layer, self.layer.tap_stride, self.layer.tap_banks)
        recalls = self.layer.paired & self._final & ~tap.recall if self.pairs else Const(0)
        m.d.comb += [tap.final.eq(self._final), tap.ended.eq(self._last), tap.last.eq(self._last & ~recalls)]
        with m.If(self.taps.valid & self.taps.ready):
            with m.If(recalls):
                m.d.sync += [tap.recall.eq(1), tap.first.eq(1)]
            with m.Else():
                self._nest.step(m, self._steps())
                self._advance_taps(m, step)
                self._advance_blocks(m)
                m.d.sync += [tap.recall.eq(0), self.taps.valid.eq(~self._last)]
        with m.If(self.start):
            self._begin(m)
        return m

    def _steps(self):
        """Of the loops, the innermost first."""
        layer = self.layer
        groups = layer.out_groups >> layer.paired if self.pairs else layer.out_groups
        return layer.parts, layer.taps_x, layer.taps_y, layer.in_blocks, groups

    def _advance_taps(self, m, step):
        layer, tap = self.layer, self.taps.payload
        m.d.sync += tap.part.eq(tap.part + 1)
        with m.If(self._last_part):
            m.d.sync += [tap.part.eq(0), tap.x.eq(tap.x + layer.dilation_x)]
        with m.If(self._last_x):
            m.d.sync += [
                tap.x.eq(layer.origin_x),
                tap.y.eq(tap.y + layer.dilation_y),
                *step.take(tap.row, tap.bank),
            ]
        with m.If(self._last_y):
            m.d.sync += [tap.y.eq(layer.origin_y), tap.row.eq(layer.in_row)]

    def _advance_blocks(self, m):
        layer, tap = self.layer, self.taps.payload
        m.d.sync += tap.first.eq(0)
        with m.If(self._last_y):
            bank = self._block_bank + (layer.pe != LANES_PE)
            m.d.sync += [
                tap.rest.eq(1),
                self._block_bank.eq(bank),
                tap.bank.eq(bank),
                self._fold_left.eq(self._fold_left - 1),
            ]
            with m.If(self._fold_left == 0):
                m.d.sync += [self._fold_left.eq(self._fold()), tap.base.eq(tap.base + layer.in_block_stride)]
        with m.If(self._final):
            base = self._group_base + layer.in_out_stride
            bank = self._group_bank + Mux(layer.pe == LANES_PE, layer.tile_blocks, 0)
            m.d.sync += [
                self._fold_left.eq(self._fold()),
                tap.rest.eq(0),
                tap.first.eq(1),
                *(target.eq(base) for target in (self._group_base, tap.base)),
                *(target.eq(bank) for target in (self._group_bank, self._block_bank, tap.bank)),
                tap.sums.eq(tap.sums + layer.sums_group_stride),
            ]

    def _fold(self):
        """Blocks at the same address as the current one, without it."""
        return Mux(self.layer.pe == LANES_PE, 0, low_bits(self.layer.in_fold, self.tiles))

    def _begin(self, m):
        layer, tap = self.layer, self.taps.payload
        self._nest.begin(m, self._steps())
        m.d.sync += [
            self.taps.valid.eq(1),
            tap.part.eq(0),
            self._fold_left.eq(self._fold()),
            *(base.eq(layer.in_base) for base in (self._group_base, tap.base)),
            *(bank.eq(layer.in_bank) for bank in (self._group_bank, self._block_bank, tap.bank)),
            tap.row.eq(layer.in_row),
            tap.x.eq(layer.origin_x),
            tap.y.eq(layer.origin_y),
            tap.sums.eq(layer.sums_base),
            tap.first.eq(1),
            tap.rest.eq(0),
            tap.recall.eq(0),
        ]


@dataclass(frozen=True)
class BandStep:
    """A step by rows of the input map: by whole bands, and by `stride` words, less than a band.

    back: `stride` less a band. near, far: banks that the step moves by if it stays in the band that the whole
    bands lead to, and if it goes on into the next one.
    """

    stride: Value
    back: Signal
    near: Value
    far: Signal

    @classmethod
    def of(cls, m, layer, stride, banks):
        """A cycle after the layer."""
        back, far = Signal(signed(ADDRESS_BITS + 2)), Signal(BANK_BITS)
        m.d.sync += [back.eq(stride - layer.in_band_words), far.eq(banks + (1 << layer.in_fold))]
        return cls(stride, back, banks, far)

    def take(self, row, bank):
        """Statements that move `row`, words from the first of a band, and `bank`: one addition deep, as its
        sign tells whether the one or the other sum is the next row. Those of banks have no carry chain, as
        synthesis would make them one behind the choice."""
        beyond = (row + self.back)[: ADDRESS_BITS + 2]
        stays = beyond[-1]
        return (
            row.eq(Mux(stays, row + self.stride, beyond)),
            bank.eq(Mux(stays, lut_sum(bank, self.near), lut_sum(bank, self.far))),
        )
