"""Split convolution: a layer as sweeps of one tap each, accumulated pixel by pixel."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.geometry import SUM_WORD_BITS, Geometry
from twofold.rtl.inner_product import ProductTiming, VectorInnerProduct
from twofold.rtl.isa import ADDRESS_BITS, LANES_PE, LAYER, Output
from twofold.rtl.mac.pipeline import delay
from twofold.rtl.parameter_loader import ParameterLoader
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.requantize import RequantiseMode, Requantiser
from twofold.rtl.sweep import PIXEL, Sweeper
from twofold.rtl.taps import TapGenerator
from twofold.rtl.weight_loader import WeightLoader

THRESHOLD_BITS = 4
ISSUE_TO_WORD = 2
ACTIVATION_LATENCY = 1
SUMS_LATENCY = PartialSums.LEAD


class WritePort(wiring.Signature):
    """One memory word written a cycle."""

    def __init__(self, word_bits: int):
        super().__init__({"enable": Out(1), "address": Out(ADDRESS_BITS), "word": Out(word_bits)})


class SplitConvolution(wiring.Component):
    """Executes one LAYER instruction at a time on the memories that it holds.

    A K × K convolution is K² one-by-one convolutions. For each output block, input block and tap the
    tile of weights stands still while the map's pixels pass it, one a cycle, and the sums of
    each pixel grow in block RAM; on the last pass they go through the requantiser to the activation
    memory. Additions and pooling are the same sweeps without weights. `twofold.plan.cost` has the
    cycles of a layer.

    start, layer: begin with this instruction, which stays until `done`: one cycle, all results are stored.
    activation_write, weight_write, parameter_write: for loading, while no layer executes.
    store_address: while no layer executes, `store_activation` is that activation word ACTIVATION_LATENCY
    cycles later, `store_sums` that word of sums SUMS_LATENCY cycles later, each lane extended to 32 bits.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self.timing = ProductTiming.of(geometry)
        self.product = VectorInnerProduct(geometry)
        self.sums = PartialSums(
            lanes=geometry.lanes,
            x_bits=self.timing.sum_bits,
            acc_bits=geometry.accumulator_bits,
            depth=geometry.sum_words,
        )
        self.requantiser = Requantiser(
            lanes=geometry.lanes, acc_bits=geometry.accumulator_bits, threshold_bits=THRESHOLD_BITS
        )
        self.drain = drain_cycles(self.timing)
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "done": Out(1),
                "activation_write": In(WritePort(geometry.activation_word_bits)),
                "weight_write": In(WritePort(geometry.weight_word_bits)),
                "parameter_write": In(WritePort(geometry.parameter_word_bits)),
                "store_address": In(ADDRESS_BITS),
                "store_activation": Out(geometry.activation_word_bits),
                "store_sums": Out(geometry.sum_word_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.taps = taps = TapGenerator()
        m.submodules.sweep = sweep = Sweeper(max(intervals(self.timing)))
        m.submodules.product, m.submodules.sums = self.product, self.sums
        m.submodules.requantiser = self.requantiser
        m.d.comb += [
            taps.start.eq(self.start),
            taps.layer.eq(self.layer),
            sweep.start.eq(self.start),
            sweep.layer.eq(self.layer),
            sweep.interval.eq(Array(intervals(self.timing))[self.layer.pe]),
        ]
        wiring.connect(m, taps.taps, sweep.taps)
        self._weights(m, sweep)
        word = self._activations(m, sweep)
        control = self._multiply(m, sweep, word)
        parameters = self._parameters(m, sweep, control)
        m.d.comb += sweep.results_ready.eq(parameters.ready)
        self._accumulate(m, control, parameters)
        self._finish(m, sweep)
        return m

    def _memory(self, m, name, port, depth):
        """A memory of 1R1W with its write side connected; returns its read port."""
        m.submodules[name] = memory = Memory(shape=unsigned(len(port.word)), depth=depth, init=[])
        write = memory.write_port()
        m.d.comb += [write.en.eq(port.enable), write.addr.eq(port.address), write.data.eq(port.word)]
        return memory.read_port()

    def _weights(self, m, sweep):
        bits = self.geometry.weight_word_bits
        m.submodules.weight_loader = loader = WeightLoader(bits, self.timing.index_bits)
        read = self._memory(m, "weight_memory", self.weight_write, self.geometry.weight_words)
        ahead = Signal()
        m.d.comb += ahead.eq(sweep.taken & ~sweep.taps.payload.last)
        m.d.comb += [
            loader.restart.eq(self.start),
            loader.base.eq(self.layer.weight_base),
            loader.words.eq(Array(self.timing.load_words)[self.layer.pe]),
            # the tile that is taken now meets its first vector before the first word of the next arrives
            loader.load.eq((self.start | delay(m, ahead, 2, "ahead")) & (self.layer.pe != LANES_PE)),
            read.addr.eq(loader.address),
            loader.data.eq(read.data),
            self.product.load_valid.eq(loader.valid),
            self.product.load_index.eq(loader.index),
            self.product.load_word.eq(loader.word),
        ]

    def _activations(self, m, sweep):
        """The activation memory; returns its word, ISSUE_TO_WORD cycles after the pixel."""
        port = WritePort(self.geometry.activation_word_bits).create(path=("results",))
        read = self._memory(m, "activation_memory", port, self.geometry.activation_words)
        address, running = Signal(ADDRESS_BITS), Signal()
        m.d.sync += address.eq(sweep.pixel.address)
        with m.If(self.start):
            m.d.sync += running.eq(1)
        with m.If(self.done):
            m.d.sync += running.eq(0)
        m.d.comb += [
            read.addr.eq(Mux(running, address, self.store_address)),
            self.store_activation.eq(read.data),
        ]
        self._results(m, port)
        return read.data

    def _results(self, m, port):
        """Writes loaded words, and the requantiser's codes one block after the other."""
        layer, out = self.layer, self.requantiser
        address, block = Signal(ADDRESS_BITS), Signal(ADDRESS_BITS)
        with m.If(self.start):
            m.d.sync += [address.eq(layer.out_base), block.eq(layer.out_base)]
        with m.If(out.out_valid):
            m.d.sync += address.eq(address + 1)
            with m.If(out.out_tag):
                m.d.sync += [
                    address.eq(block + layer.out_block_stride),
                    block.eq(block + layer.out_block_stride),
                ]
        load = self.activation_write
        m.d.comb += [
            port.enable.eq(load.enable | out.out_valid),
            port.address.eq(Mux(out.out_valid, address, load.address)),
            port.word.eq(Mux(out.out_valid, out.q.as_value(), load.word)),
        ]

    def _multiply(self, m, sweep, word):
        """Feeds the inner product; returns the pixel as its sums are about to be read."""
        layer, product = self.layer, self.product
        now = Signal(CONTROL)
        m.d.comb += [now.pixel.eq(sweep.pixel), now.issue.eq(sweep.issue), now.block_end.eq(sweep.block_end)]
        with_word = delay(m, now, ISSUE_TO_WORD, "with_word")
        pixel = with_word.pixel
        m.d.comb += [
            product.pe.eq(layer.pe),
            product.pad.eq(layer.pad),
            product.word.eq(word),
            product.inside.eq(pixel.inside),
            product.signed_lanes.eq(Mux(pixel.rest, layer.signed_rest, layer.signed_first)),
            product.shift.eq(Mux(pixel.rest, layer.shift_rest, layer.shift_first)),
            product.swap.eq(with_word.issue & pixel.swap),
        ]
        lead = ISSUE_TO_WORD - PartialSums.LEAD
        by_pe = [delay(m, now, lead + latency, f"pe{pe}") for pe, latency in enumerate(self.timing.latencies)]
        control = Signal(CONTROL)
        m.d.comb += control.eq(Array(view.as_value() for view in by_pe)[layer.pe])
        return control

    def _parameters(self, m, sweep, control):
        bits = self.geometry.parameter_word_bits
        m.submodules.parameter_loader = loader = ParameterLoader(bits, THRESHOLD_BITS, self.drain)
        read = self._memory(m, "parameter_memory", self.parameter_write, self.geometry.parameter_words)
        words = (0, 1, 1 << THRESHOLD_BITS)
        m.d.comb += [
            loader.restart.eq(self.start),
            loader.begin.eq(sweep.block_end & ~sweep.pixel.last),
            loader.take.eq(delay(m, control.issue & control.block_end, PartialSums.LEAD, "take")),
            loader.base.eq(self.layer.parameter_base),
            loader.words.eq(Array(words)[self.layer.output]),
            read.addr.eq(loader.address),
            loader.data.eq(read.data),
            self.requantiser.param_valid.eq(loader.valid),
            self.requantiser.param_index.eq(loader.index),
            self.requantiser.param_word.eq(loader.word),
        ]
        return loader

    def _accumulate(self, m, control, parameters):
        layer, sums, requantiser = self.layer, self.sums, self.requantiser
        acc_bits = self.geometry.accumulator_bits
        m.d.comb += [
            sums.valid.eq(control.issue),
            sums.first.eq(control.pixel.first),
            sums.operation.eq(layer.accumulation),
            sums.addr.eq(control.pixel.sum),
            sums.read_addr.eq(self.store_address),
        ]
        last = delay(m, Cat(control.pixel.final, control.block_end), PartialSums.LATENCY, "last")
        m.d.comb += [
            requantiser.config.mode.eq(
                Mux(layer.output == Output.THRESHOLD, RequantiseMode.THRESHOLDS, RequantiseMode.MULTIPLIER)
            ),
            requantiser.config.zero_point.eq(layer.zero_point),
            requantiser.config.low.eq(layer.clamp_lo),
            requantiser.config.high.eq(layer.clamp_hi),
            requantiser.valid.eq(sums.out_valid & last[0] & (layer.output != Output.SUMS)),
            requantiser.tag.eq(last[1]),
        ]
        for lane in range(self.geometry.lanes):
            field = parameters.bias.word_select(lane, SUM_WORD_BITS)
            stored = self.store_sums.word_select(lane, SUM_WORD_BITS)
            m.d.comb += [
                sums.x[lane].eq(self.product.y[lane]),
                sums.initial[lane].eq(field[:acc_bits].as_signed()),
                requantiser.acc[lane].eq(sums.sums[lane]),
                stored.eq(sums.read_data[lane]),
            ]

    def _finish(self, m, sweep):
        """`done` when the last pixel's result is stored."""
        wait = Signal(range(self.drain + FINISH_CYCLES + 1))
        with m.If(sweep.block_end & sweep.pixel.last):
            m.d.sync += wait.eq(self.drain + FINISH_CYCLES)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        m.d.comb += self.done.eq(wait == 1)


CONTROL = data.StructLayout({"pixel": PIXEL, "issue": 1, "block_end": 1})
"""A pixel on its way through the pipeline."""

FINISH_CYCLES = 6
"""From the end of `drain` to the last result in the activation memory."""


def drain_cycles(timing: ProductTiming) -> int:
    """Cycles that `ParameterLoader` waits so that the slowest kind's last sums have left the requantiser."""
    return max(timing.latencies) + ISSUE_TO_WORD + Requantiser.LATENCY - 3


def intervals(timing: ProductTiming) -> tuple[int, ...]:
    """Least cycles between two sweeps by `pe`: the next tile's words, and the partial sums' way back."""
    loads = zip(timing.load_words, timing.settles, strict=True)
    return tuple(max(words + settle + 1, PartialSums.DISTANCE) for words, settle in loads)
