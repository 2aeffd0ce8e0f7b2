"""A tile: PE arrays, partial sums and a requantiser for the pixels of one band and one block of channels."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import LANE_BITS, LANE_SHIFT_MAX, SUM_WORD_BITS, Feature, Geometry
from twofold.rtl.inner_product import ProductTiming, VectorInnerProduct
from twofold.rtl.isa import ADDRESS_BITS, PART_BITS
from twofold.rtl.mac.kinds import pe_kinds, table_kind
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.mac.table_filler import FillPort
from twofold.rtl.operands import Operands
from twofold.rtl.partial_sums import Accumulation, PartialSums
from twofold.rtl.requantize.requantizer import CONFIG, Requantiser

THRESHOLD_BITS = 4


class VectorPort(wiring.Signature):
    """What all tiles do with their words of this cycle; see `VectorInnerProduct`."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "pe": Out(range(len(geometry.kinds) + 1)),
                "pad": Out(signed(LANE_BITS + 1)),
                "signed_lanes": Out(1),
                "shift": Out(range(LANE_SHIFT_MAX + 1)),
                "part": Out(PART_BITS),
                "swap": Out(1),
                "load_pe": Out(range(len(geometry.kinds) + 1)),
                "load_valid": Out(1),
                "load_index": Out(ProductTiming.of(geometry).index_bits),
            }
        )


class SumsPort(wiring.Signature):
    """What all tiles do with their sums of this cycle; see `PartialSums`."""

    def __init__(self):
        super().__init__(
            {
                "valid": Out(1),
                "first": Out(1),
                "operation": Out(Accumulation),
                "chained": Out(1),
                "addr": Out(ADDRESS_BITS),
                "read_addr": Out(ADDRESS_BITS),
            }
        )


class SecondPort(wiring.Signature):
    """What all tiles do with the sums beside; see `Tile`."""

    def __init__(self):
        super().__init__(
            {
                "valid": Out(1),
                "first": Out(1),
                "addr": Out(ADDRESS_BITS),
                "recall": Out(1),
                "recall_addr": Out(ADDRESS_BITS),
            }
        )


class ParameterPort(wiring.Signature):
    """Parameters of a block for the tiles that compute it; see `ParameterLoader`."""

    def __init__(self, geometry: Geometry):
        super().__init__(
            {
                "bias_valid": Out(1),
                "initial": Out(1),
                "valid": Out(1),
                "index": Out(THRESHOLD_BITS),
                "word": Out(geometry.parameter_word_bits),
            }
        )


class Tile(wiring.Component):
    """Lanes × lanes products a cycle, their sums by pixel, and the codes that sums become.

    full: it has multipliers and biases. One without requantises by thresholds that hold the biases, and its
    sums cannot be stored.

    vectors, word, inside, load_word, tables: of this cycle; see `VectorInnerProduct`.
    sums: LEAD cycles before the sums of a word come out of the product; see `PartialSums`.
    second: only with `Geometry.beside`: `valid`, `first` and `addr` LEAD cycles before that kind's sums come
    out, which are added to partial sums of their own; `recall` a cycle before `sums` has the place to which
    those at `recall_addr` go, as the terms of a first pass.
    parameters: of this tile's block; `parameters.bias_valid` without `initial` is a bias that waits for
    `take`, high with the last pixel of a group as that one meets its partial sum.
    config, requantise, tag: `requantise` when the sums that leave now are final; see `Requantiser`.
    next_valid, next_tag: codes come in the next cycle, with this tag.
    stored: the sums at `sums.read_addr`, each lane extended to 32 bits.
    """

    def __init__(self, geometry: Geometry, *, full: bool = True):
        self.geometry, self.full = geometry, full
        tables = table_kind(geometry)
        super().__init__(
            {
                "vectors": In(VectorPort(geometry)),
                "word": In(geometry.activation_word_bits),
                "inside": In(1),
                "load_word": In(geometry.weight_word_bits),
                **({"tables": In(FillPort(tables))} if tables else {}),
                "sums": In(SumsPort()),
                **({"second": In(SecondPort())} if geometry.beside else {}),
                "parameters": In(ParameterPort(geometry)),
                "take": In(1),
                "config": In(CONFIG),
                "requantise": In(1),
                "tag": In(1),
                "next_valid": Out(1),
                "next_tag": Out(1),
                "codes": Out(geometry.activation_word_bits),
                "stored": Out(geometry.sum_word_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        geometry = self.geometry
        operands = Operands.of([kind.addends for kind in pe_kinds(geometry)], full=self.full)
        recalled = geometry.tile_bits(full=self.full) if geometry.beside else 0
        m.submodules.product = product = VectorInnerProduct(geometry, operands, recalled)
        m.submodules.sums = sums = PartialSums(
            lanes=geometry.lanes,
            x_bits=product.y_bits,
            acc_bits=geometry.tile_bits(full=self.full),
            depth=geometry.sum_words,
            alternatives=operands.alternatives,
            biases=self.full,
            maxima=Feature.MAX_POOLING in geometry.features,
            family=geometry.family,
        )
        for name in self.vectors.signature.members:
            m.d.comb += getattr(product, name).eq(getattr(self.vectors, name))
        if table_kind(geometry):
            wiring.connect(m, wiring.flipped(self.tables), product.tables)
        for name in self.sums.signature.members:
            m.d.comb += getattr(sums, name).eq(getattr(self.sums, name))
        m.d.comb += [
            product.word.eq(self.word),
            product.inside.eq(self.inside),
            product.load_word.eq(self.load_word),
            sums.x.eq(product.y),
        ]
        if self.full:
            for lane in range(geometry.lanes):
                stored = self.stored.word_select(lane, SUM_WORD_BITS)
                m.d.comb += stored.eq(sums.read_data[lane])
            self._biases(m, sums)
        self._requantise(m, sums)
        if geometry.beside:
            self._second(m, product)
        return m

    def _second(self, m, product):
        """Partial sums of the kind beside, which begin at 0, and their way back into the product's."""
        geometry = self.geometry
        m.submodules.second = second = PartialSums(
            lanes=geometry.lanes,
            x_bits=len(product.beside[0]),
            acc_bits=geometry.tile_bits(full=self.full),
            depth=geometry.sum_words,
            biases=False,
            maxima=False,
            family=geometry.family,
        )
        m.d.comb += [
            second.valid.eq(self.second.valid),
            second.first.eq(self.second.first),
            second.addr.eq(self.second.addr),
            second.x.eq(product.beside),
            second.read_addr.eq(self.second.recall_addr),
            product.recall.eq(delay(m, self.second.recall, PartialSums.LEAD, "recall")),
            product.recalled.eq(second.read_data),
        ]

    def _biases(self, m, sums):
        bits, parameters = self.geometry.accumulator_bits, self.parameters
        for lane in range(self.geometry.lanes):
            field = parameters.word.word_select(lane, SUM_WORD_BITS)[:bits].as_signed()
            bias = Signal(sums.initial[lane].shape(), name=f"bias_{lane}", reset_less=True)
            waiting = Signal(sums.initial[lane].shape(), name=f"waiting_{lane}", reset_less=True)
            with m.If(parameters.bias_valid):
                m.d.sync += waiting.eq(field)
            with m.If(self.take):
                m.d.sync += bias.eq(waiting)
            with m.Elif(parameters.bias_valid & parameters.initial):
                m.d.sync += bias.eq(field)
            m.d.comb += sums.initial[lane].eq(bias)

    def _requantise(self, m, sums):
        parameters, geometry = self.parameters, self.geometry
        m.submodules.requantiser = requantiser = Requantiser(
            lanes=geometry.lanes,
            acc_bits=geometry.tile_bits(full=self.full),
            threshold_bits=THRESHOLD_BITS,
            level_bits=geometry.level_bits,
            multipliers=self.full,
            lanes_per_multiplier=geometry.multiplier_pace,
            thresholds=geometry.thresholds,
            family=geometry.family,
        )
        m.d.comb += [
            requantiser.config.eq(self.config),
            requantiser.param_valid.eq(parameters.valid),
            requantiser.param_index.eq(parameters.index),
            requantiser.param_word.eq(parameters.word),
            requantiser.valid.eq(sums.out_valid & self.requantise),
            requantiser.tag.eq(self.tag),
            requantiser.acc.eq(sums.sums),
            self.next_valid.eq(requantiser.next_valid),
            self.next_tag.eq(requantiser.next_tag),
            self.codes.eq(requantiser.q),
        ]
