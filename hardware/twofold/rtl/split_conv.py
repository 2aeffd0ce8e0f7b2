"""Split convolution: a layer as sweeps of one tap each, accumulated pixel by pixel."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.activation_reader import ActivationReader
from twofold.rtl.bounds import reaches
from twofold.rtl.control.work_counter import WorkCounter, inputs_in_a_cycle
from twofold.rtl.deep_memory import DeepMemory
from twofold.rtl.geometry import Feature, Geometry
from twofold.rtl.isa import ADDRESS_BITS, BANK_BITS, LAYER, Output
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.mac.pipeline import delay, registers
from twofold.rtl.parameter_loader import ParameterLoader
from twofold.rtl.partial_sums import PartialSums
from twofold.rtl.requantize.requantizer import RequantiseMode
from twofold.rtl.result_writer import ResultWriter, WritePort
from twofold.rtl.sweep import PIXEL, Sweeper
from twofold.rtl.taps import TapGenerator
from twofold.rtl.tile import THRESHOLD_BITS, Tile
from twofold.rtl.tile_offsets import low_bits
from twofold.rtl.weight_memory import WeightMemory
from twofold.rtl.weight_prefetcher import WeightPrefetcher

SUMS_LATENCY = PartialSums.LEAD

CONTROL = data.StructLayout({"pixel": PIXEL, "issue": 1, "group_end": 1})
"""A pixel on its way through the pipeline."""

HANDOVER = 5
"""Cycles from a layer's start until what comes behind the sums turns to it: after the last result of the
layer before, even if that is EARLY_MAX cycles late, and before its own first one."""


class SplitConvolution(wiring.Component):
    """Executes one LAYER instruction at a time on the memories that it holds.

    A K × K convolution is K² one-by-one convolutions. For each output group, input block and tap the
    tiles' weights stand still while the map's pixels pass them, one a cycle and tile, and the sums of
    each pixel grow in block RAM; on the last pass they go through the requantiser to the activation
    memory. Additions and pooling are the same sweeps without weights. `twofold.plan.timing.cost` has the
    cycles of a layer.

    start, layer: begin with this instruction, which stays until `done`: one cycle, all results will be stored
    `layer.early` cycles later.
    drained: no pixel is on its way, seen from the second cycle after a reset on. That drops the layer,
    but its pixels that are under way go on for at most `LayerTiming.drained` cycles.
    following, following_ready: the next instruction is this LAYER; its first weights are loaded as soon as
    that is known for a cycle and `LayerTiming.word` cycles have passed since this one took its last sweep.
    activation_write, weight_write, parameter_write: for loading, while no layer executes; activations also
    behind a layer, but not `layer_timing.BEAT_TO_WORD` cycles after `hold_writes`: a result is written then.
    issues: a pixel enters the pipeline. starved: none does, though there are more: weights, parameters,
    partial sums or multipliers are not ready. multiplied: see `WorkCounter`.
    out_of_bounds: a cycle ago the layer read or wrote at an address that the memory does not have. What is
    read of the next layer's weights counts once that one has begun.
    store_address, store_bank: while no layer executes, `store_activation` is that activation word
    `LayerTiming.store` cycles later, `store_sums` tile 0's word of sums SUMS_LATENCY cycles later, each lane
    extended to 32 bits.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        self.timing = LayerTiming.of(geometry)
        self.tiles = [Tile(geometry, full=t < geometry.multipliers) for t in range(geometry.tiles)]
        super().__init__(
            {
                "start": In(1),
                "layer": In(LAYER),
                "done": Out(1),
                "drained": Out(1),
                "following": In(LAYER),
                "following_ready": In(1),
                "hold_writes": Out(1),
                "starved": Out(1),
                "multiplied": Out(inputs_in_a_cycle(geometry)),
                "issues": Out(1),
                "out_of_bounds": Out(1),
                "activation_write": In(WritePort(geometry.activation_word_bits)),
                "weight_write": In(WritePort(geometry.weight_word_bits)),
                "parameter_write": In(WritePort(geometry.parameter_word_bits)),
                "store_address": In(ADDRESS_BITS),
                "store_bank": In(BANK_BITS),
                "store_activation": Out(geometry.activation_word_bits),
                "store_sums": Out(geometry.sum_word_bits),
            }
        )
        self._running, self._sweeping, self._reads_outside = Signal(), Signal(), Signal()
        self._behind = Signal(LAYER, reset_less=True)

    def elaborate(self, platform):
        m = Module()
        geometry = self.geometry
        m.submodules.taps = taps = TapGenerator(
            geometry.tap_bits, geometry.tiles, geometry.beside is not None
        )
        m.submodules.sweep = sweep = Sweeper(
            self.timing.interval_max,
            geometry.family,
            Feature.UPSAMPLING in geometry.features,
            geometry.multiplier_pace,
        )
        for index, tile in enumerate(self.tiles):
            m.submodules[f"tile_{index}"] = tile
        m.d.comb += [
            taps.start.eq(self.start),
            taps.layer.eq(self.layer),
            sweep.start.eq(self.start),
            sweep.layer.eq(self.layer),
            self.store_sums.eq(self.tiles[0].stored),
        ]
        wiring.connect(m, taps.taps, sweep.taps)
        self._weights(m, sweep)
        self._activations(m, sweep)
        control = self._multiply(m, sweep)
        self._hand_over(m)
        self._parameters(m, sweep, control)
        self._accumulate(m, control)
        self._finish(m, sweep)
        self._watch(m, sweep, control)
        return m

    def _weights(self, m, sweep):
        """The banks of weights, and what is read of them when."""
        m.submodules.weights = weights = WeightMemory(self.geometry)
        m.submodules.prefetcher = prefetcher = WeightPrefetcher(self.geometry)
        wiring.connect(m, weights.write, wiring.flipped(self.weight_write))
        tap = sweep.taps.payload
        m.d.comb += [
            prefetcher.start.eq(self.start),
            prefetcher.layer.eq(self.layer),
            prefetcher.running.eq(self._running),
            prefetcher.following.eq(self.following),
            prefetcher.following_ready.eq(self.following_ready),
            prefetcher.taken.eq(sweep.taken),
            prefetcher.recall.eq(tap.recall),
            prefetcher.ended.eq(tap.ended),
            prefetcher.second.eq(weights.second),
            prefetcher.outside.eq(weights.outside),
            sweep.interval.eq(prefetcher.interval),
            sweep.preload.eq(prefetcher.preload),
            sweep.preload_interval.eq(prefetcher.preload_interval),
            sweep.preloaded.eq(prefetcher.preloaded),
            weights.pe.eq(prefetcher.pe),
            weights.restart.eq(prefetcher.restart),
            weights.base.eq(prefetcher.base),
            weights.load.eq(prefetcher.load),
            weights.words.eq(prefetcher.words),
            weights.more.eq(prefetcher.more),
        ]
        for index, tile in enumerate(self.tiles):
            bank = index % self.geometry.weight_banks
            if weights.table_kind:
                wiring.connect(m, weights.tables[bank], tile.tables)
            m.d.comb += [
                tile.vectors.load_pe.eq(prefetcher.pe),
                tile.vectors.load_valid.eq(weights.valid),
                tile.vectors.load_index.eq(weights.index),
                tile.load_word.eq(weights.bank_words[bank]),
            ]

    def _activations(self, m, sweep):
        """The banks of activations with their reader and their writer."""
        geometry = self.geometry
        m.submodules.reader = reader = ActivationReader(geometry)
        m.submodules.writer = writer = ResultWriter(geometry)
        wiring.connect(m, writer.load, wiring.flipped(self.activation_write))
        with m.If(self.start):
            m.d.sync += self._running.eq(1)
        with m.If(self.done):
            m.d.sync += self._running.eq(0)
        m.d.comb += [
            reader.layer.eq(self.layer),
            reader.pixel.eq(sweep.pixel),
            reader.running.eq(self._running),
            reader.store_address.eq(self.store_address),
            reader.store_bank.eq(self.store_bank),
            self.store_activation.eq(reader.words[0]),
            writer.valid.eq(self.tiles[0].next_valid),
            writer.last.eq(self.tiles[0].next_tag),
        ]
        for index, tile in enumerate(self.tiles):
            memory = Memory(
                shape=unsigned(geometry.activation_word_bits), depth=geometry.activation_words, init=[]
            )
            m.submodules[f"activations_{index}"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(reader.addresses[index]),
                reader.data[index].eq(read.data),
                tile.word.eq(reader.words[index]),
                tile.inside.eq(reader.inside[index]),
                writer.codes[index].eq(tile.codes),
                write.en.eq(writer.enables[index]),
                write.addr.eq(writer.addresses[index]),
                write.data.eq(writer.words[index]),
            ]

    def _multiply(self, m, sweep):
        """Feeds the inner products; returns the pixel as its sums are about to be read."""
        layer = self.layer
        now = Signal(CONTROL)
        m.d.comb += [now.pixel.eq(sweep.pixel), now.issue.eq(sweep.issue), now.group_end.eq(sweep.group_end)]
        with_word = delay(m, now, self.timing.word, "with_word")
        m.d.comb += self._reads_outside.eq(with_word.issue & m.submodules.reader.outside)
        pixel = with_word.pixel
        for tile in self.tiles:
            m.d.comb += [
                tile.vectors.pe.eq(layer.pe),
                tile.vectors.pad.eq(layer.pad),
                tile.vectors.signed_lanes.eq(Mux(pixel.rest, layer.signed_rest, layer.signed_first)),
                tile.vectors.shift.eq(Mux(pixel.rest, layer.shift_rest, layer.shift_first)),
                tile.vectors.part.eq(pixel.part),
                tile.vectors.swap.eq(with_word.issue & pixel.swap & ~pixel.recall),
            ]
        by_pe = [self._until_sums(m, now, pe) for pe in range(len(self.timing.product.latencies))]
        before, control = (
            self._of_layer(m, views, name)
            for views, name in zip(zip(*by_pe, strict=True), ("before_control", "control"), strict=True)
        )
        if self.geometry.beside:
            self._compute_beside(m, before, by_pe[self.timing.product.beside][1])
        return control

    def _of_layer(self, m, by_pe, name):
        chosen = Signal(CONTROL, name=name)
        m.d.comb += chosen.eq(Array(view.as_value() for view in by_pe)[self.layer.pe])
        return chosen

    def _compute_beside(self, m, before, beside):
        """before: `control` a cycle before. beside: the same for the kind beside."""
        for tile in self.tiles:
            m.d.comb += [
                tile.second.valid.eq(beside.issue & self.layer.paired),
                tile.second.first.eq(beside.pixel.first),
                tile.second.addr.eq(beside.pixel.sum),
                tile.second.recall.eq(before.issue & before.pixel.recall),
                tile.second.recall_addr.eq(before.pixel.sum),
            ]

    def _until_sums(self, m, now, pe):
        """The pixels of this `pe` alone, a cycle before their sums are about to be read and as they are: a
        layer whose sums take longer must not meet the last pixels of the one before again."""
        own, computes = Signal(CONTROL, name=f"of_pe{pe}"), self.layer.pe == pe
        if pe == self.timing.product.beside > 0:
            computes |= self.layer.paired & ~now.pixel.recall
        m.d.comb += [
            own.pixel.eq(now.pixel),
            own.issue.eq(now.issue & computes),
            own.group_end.eq(now.group_end),
        ]
        lead = self.timing.word - PartialSums.LEAD
        before = delay(m, own, lead + self.timing.product.latencies[pe] - 1, f"pe{pe}")
        return before, delay(m, before, 1, f"pe{pe}_now")

    def _hand_over(self, m):
        """The requantisers and the writer still have results of the layer before as this one begins."""
        hand_over, writer = registers(m, self.start, HANDOVER, "hand_over"), m.submodules.writer
        with m.If(hand_over):
            m.d.sync += self._behind.eq(self.layer)
        m.d.comb += [
            writer.start.eq(registers(m, hand_over, 1, "writer_start")),
            writer.layer.eq(self._behind),
        ]

    def _parameters(self, m, sweep, control):
        geometry, layer = self.geometry, self.layer
        m.submodules.parameter_loader = loader = ParameterLoader(
            geometry.parameter_word_bits,
            THRESHOLD_BITS,
            max(self.timing.parameters_wait),
            geometry.tiles,
            self.timing.later(Output.MULTIPLY),
        )
        m.submodules.parameter_memory = memory = DeepMemory(
            geometry.parameter_word_bits, geometry.parameter_words
        )
        load = self.parameter_write
        take = delay(m, control.issue & control.group_end, PartialSums.LEAD, "take")
        m.d.comb += [
            memory.write.eq(load.enable),
            memory.write_address.eq(load.address),
            memory.write_word.eq(load.word),
            loader.restart.eq(self.start),
            loader.begin.eq(sweep.group_end & ~sweep.pixel.last),
            loader.base.eq(layer.parameter_base),
            loader.blocks.eq(layer.tile_blocks),
            loader.drain.eq(Array(self.timing.parameters_wait)[layer.pe]),
            loader.words.eq(Array((0, 1, 1 << THRESHOLD_BITS))[layer.output]),
            memory.address.eq(loader.address),
            sweep.results_ready.eq(loader.ready),
        ]
        for index, tile in enumerate(self.tiles):
            mine = Signal(name=f"mine_{index}")
            m.d.sync += mine.eq(loader.next_block == (index & low_bits(layer.blocks_log2, geometry.tiles)))
            m.d.comb += [
                tile.parameters.bias_valid.eq(loader.bias_valid & mine),
                tile.parameters.initial.eq(loader.initial),
                tile.parameters.valid.eq(loader.valid & mine),
                tile.parameters.index.eq(loader.index),
                tile.parameters.word.eq(memory.word),
                tile.take.eq(take),
            ]

    def _accumulate(self, m, control):
        layer = self.layer
        writes = control.issue & control.pixel.final & (layer.output != Output.SUMS)
        held = delay(m, writes, self.timing.hold, "hold")
        later = self.timing.later(Output.MULTIPLY)
        if later:
            scaled = self._behind.output == Output.MULTIPLY
            held = Mux(scaled, delay(m, held & scaled, later, "hold_later"), held)
        m.d.comb += self.hold_writes.eq(held)
        last = delay(m, Cat(control.pixel.final, control.group_end), PartialSums.LATENCY, "last")
        behind = self._behind
        mode = Mux(behind.output == Output.THRESHOLD, RequantiseMode.THRESHOLDS, RequantiseMode.MULTIPLIER)
        for tile in self.tiles:
            m.d.comb += [
                tile.sums.valid.eq(control.issue),
                tile.sums.first.eq(control.pixel.first),
                tile.sums.operation.eq(layer.accumulation),
                tile.sums.chained.eq(layer.chained),
                tile.sums.addr.eq(control.pixel.sum),
                tile.sums.read_addr.eq(self.store_address),
                tile.config.mode.eq(mode),
                tile.config.bounds.zero_point.eq(behind.zero_point),
                tile.config.bounds.low.eq(behind.clamp_lo),
                tile.config.bounds.high.eq(behind.clamp_hi),
                tile.requantise.eq(last[0] & (layer.output != Output.SUMS)),
                tile.tag.eq(last[1]),
            ]

    def _finish(self, m, sweep):
        """`done` when the last pixel's result is stored, or `early` cycles before; until then each pixel is
        waited for as the slowest. The counter goes on through a reset, as the pixels do."""
        cycles, most = [drain + self.timing.finish for drain in self.timing.drains], self.timing.drained
        later = Array(self.timing.later(output) for output in Output)[self.layer.output]
        wait, needed = Signal(range(most + 1), reset_less=True), Signal(range(most + 1))
        m.d.sync += [
            needed.eq(Array(cycles)[self.layer.pe] + later - self.layer.early),
            self.drained.eq(wait == 0),
        ]
        with m.If(sweep.issue):
            m.d.sync += wait.eq(Mux(sweep.group_end & sweep.pixel.last, needed, most))
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        m.d.comb += self.done.eq((wait == 1) & ~self._sweeping)

    def _watch(self, m, sweep, control):
        """What counters and errors are made of."""
        geometry, sweeping = self.geometry, self._sweeping
        with m.If(sweep.group_end):
            m.d.sync += sweeping.eq(~sweep.pixel.last)
        with m.If(self.start):
            m.d.sync += sweeping.eq(1)
        m.submodules.work = work = WorkCounter(geometry)
        m.d.comb += [
            work.start.eq(self.start),
            work.layer.eq(self.layer),
            work.issue.eq(sweep.issue),
            work.recall.eq(sweep.pixel.recall),
            work.group_end.eq(sweep.group_end),
            self.multiplied.eq(work.multiplied),
        ]
        loader, beyond = m.submodules.parameter_loader, Signal()
        m.d.sync += beyond.eq(reaches(Cat(loader.address, 0), geometry.parameter_words))
        outside = [
            m.submodules.prefetcher.layer_outside,
            self._reads_outside,
            beyond & (loader.bias_valid | loader.valid),
            control.issue & (control.pixel.sum >= geometry.sum_words),
            m.submodules.writer.outside,
        ]
        m.d.comb += [self.issues.eq(sweep.issue), self.starved.eq(sweeping & ~sweep.issue)]
        m.d.sync += self.out_of_bounds.eq(Cat(outside).any())
