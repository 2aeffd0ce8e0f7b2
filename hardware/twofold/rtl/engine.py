"""The engine: runs a program from memory, from the image in memory to the logits in memory."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.buffers import WordReader, WordWriter
from twofold.rtl.bus.axi4 import axi4, axi4_lite, join_halves
from twofold.rtl.bus.engine_registers import engine_registers
from twofold.rtl.bus.read_dma import ReadDma
from twofold.rtl.bus.registers import RegisterBlock
from twofold.rtl.bus.write_dma import WriteDma
from twofold.rtl.control.cycle_counters import CycleCounters
from twofold.rtl.control.instruction_check import InstructionCheck
from twofold.rtl.control.instruction_fetch import InstructionFetch
from twofold.rtl.control.run_errors import CAUSE_BITS, Cause
from twofold.rtl.control.sequencer import Sequencer
from twofold.rtl.control.watchdog import Watchdog
from twofold.rtl.geometry import BEAT_BITS, Geometry
from twofold.rtl.isa import INSTRUCTION_BYTES, TRANSFER, Memory, Opcode, layer_of
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.split_conv import SUMS_LATENCY, SplitConvolution


class Engine(wiring.Component):
    """A split-convolution engine behind an AXI4-Lite slave and one AXI4 master of 64 bits.

    START fetches the program, executes its setup once and its frame FRAMES times, and ends with
    STATUS.DONE. Registers: `bus.engine_registers`. Instructions: `isa`. Cycles: `twofold.plan.timing.cost`.
    Errors end the run and are named in ERROR, see `run_errors`; a run ends whatever the bus does.

    s_axi: control, status, counters. m_axi: program, weights, frames in; results out.
    """

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__({"s_axi": In(axi4_lite()), "m_axi": Out(axi4())})

    def elaborate(self, platform):
        m = Module()
        geometry = self.geometry
        m.submodules.registers = registers = RegisterBlock(
            engine_registers(geometry.lanes, geometry.lanes, geometry.tiles)
        )
        m.submodules.sequencer = sequencer = Sequencer(geometry.instructions)
        m.submodules.fetch = fetch = InstructionFetch(geometry.instructions)
        m.submodules.check = check = InstructionCheck(geometry)
        self.conv = conv = SplitConvolution(geometry)
        m.submodules.conv = ResetInserter(sequencer.stop)(conv)
        m.submodules.read_dma = read_dma = ReadDma()
        m.submodules.write_dma = write_dma = WriteDma()
        wiring.connect(m, wiring.flipped(self.s_axi), registers.s_axi)
        join_halves(m, self.m_axi, read_dma.bus, write_dma.bus)
        self._control(m, registers, sequencer)
        self._count(m, registers, sequencer, read_dma, write_dma)
        m.d.comb += [
            fetch.rewind.eq(sequencer.load_program),
            fetch.valid.eq(read_dma.data.valid & sequencer.loading_program),
            fetch.beat.eq(read_dma.data.payload),
            fetch.fetch.eq(sequencer.fetch),
            fetch.index.eq(sequencer.fetch_index),
            fetch.take.eq(sequencer.take),
            check.instruction.eq(fetch.following),
            sequencer.fetched.eq(fetch.ready),
            sequencer.fetch_opcode.eq(fetch.following[:4]),
            sequencer.fetch_cause.eq(check.cause),
            conv.layer.eq(layer_of(fetch.instruction, geometry.tiles)),
            conv.following.eq(layer_of(fetch.following, geometry.tiles)),
            conv.following_ready.eq(
                fetch.ready & (fetch.following[:4] == Opcode.LAYER) & (check.cause == Cause.NONE)
            ),
            conv.start.eq(sequencer.start_layer),
            sequencer.layer_done.eq(conv.done),
            sequencer.drained.eq(conv.drained),
            sequencer.out_of_bounds.eq(conv.out_of_bounds),
        ]
        transfer = data.View(TRANSFER, fetch.instruction[: TRANSFER.size])
        address = Signal(32)
        m.d.comb += address.eq(Array(sequencer.bases)[transfer.base] + transfer.offset)
        self._load(m, sequencer, read_dma, registers, transfer, address)
        self._store(m, sequencer, write_dma, transfer, address)
        return m

    def _control(self, m, registers, sequencer):
        # software reads and writes far apart: a cycle more does not show
        m.d.sync += [
            sequencer.run_cause.eq(self._run_cause(registers)),
            registers.error.eq(Cat(sequencer.cause, Const(0, 16 - CAUSE_BITS), sequencer.error_index)),
        ]
        m.d.comb += [
            sequencer.start.eq(registers.control[0]),
            sequencer.abort.eq(registers.control[1]),
            sequencer.frames.eq(registers.frames),
            sequencer.length.eq(registers.program_bytes // INSTRUCTION_BYTES),
            sequencer.model_address.eq(registers.model_addr),
            sequencer.input_address.eq(registers.input_addr),
            sequencer.output_address.eq(registers.output_addr),
            sequencer.input_stride.eq(registers.input_stride),
            sequencer.output_stride.eq(registers.output_stride),
            registers.frames_done.eq(sequencer.frames_done),
            registers.status.eq(
                Cat(
                    sequencer.busy,
                    sequencer.done,
                    sequencer.cause != Cause.NONE,
                    sequencer.aborted,
                )
            ),
        ]

    def _run_cause(self, registers):
        """What is wrong with the registers of a run."""
        addresses = (
            *(registers.program_addr, registers.model_addr, registers.input_addr, registers.output_addr),
            *(registers.input_stride, registers.output_stride),
        )
        program = registers.program_bytes
        length = (program == 0) | (program > self.geometry.instructions * INSTRUCTION_BYTES)
        length |= program % INSTRUCTION_BYTES != 0
        misaligned = Cat(address % (BEAT_BITS // 8) for address in addresses).any()
        cause = Mux(length, Cause.PROGRAM_LENGTH, Mux(registers.frames == 0, Cause.NO_FRAMES, Cause.NONE))
        return Mux(misaligned, Cause.ADDRESS_ALIGNMENT, cause)

    def _count(self, m, registers, sequencer, read_dma, write_dma):
        conv = self.conv
        beat, taken = read_dma.data.valid, write_dma.data.valid & write_dma.data.ready
        waits = Cat(
            sequencer.waits_read & ~beat,
            sequencer.waits_write & ~taken,
            conv.starved,
            conv.hold_writes & read_dma.bus.rvalid,
        )
        shown = (
            *(registers.read_wait_cycles, registers.write_wait_cycles),
            *(registers.weight_wait_cycles, registers.held_cycles),
        )
        m.submodules.watchdog = watchdog = Watchdog()
        m.submodules.counters = counters = CycleCounters(
            self.geometry.instructions, len(waits), (1 << len(conv.multiplied)) - 1
        )
        m.d.sync += watchdog.progress.eq(
            ~sequencer.busy
            | (beat | taken | write_dma.bus.bvalid)
            | (conv.issues | sequencer.retire | sequencer.fetch | sequencer.load_program)
        )
        m.d.comb += [register.eq(waited) for register, waited in zip(shown, counters.waited, strict=True)]
        m.d.comb += [
            counters.start.eq(sequencer.start),
            counters.busy.eq(sequencer.busy),
            counters.first.eq(sequencer.first),
            counters.waits.eq(waits),
            counters.inputs.eq(conv.multiplied),
            registers.inputs_multiplied.eq(counters.total),
            watchdog.limit.eq(registers.watchdog),
            sequencer.stalled.eq(watchdog.expired),
            counters.retire.eq(sequencer.retire),
            counters.index.eq(sequencer.index),
            counters.show.eq(registers.layer_cycles_index),
            registers.cycles_lo.eq(counters.run[:32]),
            registers.cycles_hi.eq(counters.run[32:]),
        ]
        m.d.sync += registers.layer_cycles.eq(counters.shown)  # behind a block RAM

    def _load(self, m, sequencer, dma, registers, transfer, address):
        """The read side: the program, and LOAD and PREFETCH into one of three memories.

        A transfer's fields are kept, for PREFETCH goes on behind the next instructions.
        """
        conv, command, geometry = self.conv, dma.command, self.geometry
        m.submodules.word_writer = writer = WordWriter(
            geometry.activation_word_bits, geometry.parameter_word_bits
        )
        loaded, started = Signal(TRANSFER), Signal()
        with m.If(sequencer.start_load):
            m.d.sync += loaded.eq(transfer)
        program_beats = registers.program_bytes // (BEAT_BITS // 8)
        m.d.sync += [
            started.eq(sequencer.start_load),
            command.valid.eq(sequencer.load_program | sequencer.start_load),
            command.payload.address.eq(Mux(sequencer.load_program, registers.program_addr, address)),
            command.payload.beats.eq(Mux(sequencer.load_program, program_beats, self._beats(transfer))),
        ]
        m.d.comb += [
            dma.clear.eq(sequencer.load_program),
            sequencer.read_done.eq(dma.done),
            sequencer.read_failed.eq(dma.error),
            dma.hold.eq(conv.hold_writes),
            writer.start.eq(started),
            writer.wide.eq(loaded.memory == Memory.PARAMETERS),
            *self._band(writer, loaded),
            writer.valid.eq(dma.data.valid & ~sequencer.loading_program),
            writer.beat.eq(dma.data.payload),
        ]
        for memory, port in (
            (Memory.ACTIVATIONS, conv.activation_write),
            (Memory.WEIGHTS, conv.weight_write),
            (Memory.PARAMETERS, conv.parameter_write),
        ):
            m.d.comb += [
                port.enable.eq(writer.enable & (loaded.memory == memory)),
                port.address.eq(writer.address),
                port.bank.eq(writer.bank),
                port.bank_step.eq(loaded.bank_step),
                port.word.eq(writer.word[-len(port.word) :]),
            ]

    def _store(self, m, sequencer, dma, transfer, address):
        """The write side: STORE from activations or sums."""
        conv, geometry = self.conv, self.geometry
        activations = WordReader(geometry.activation_word_bits, latency=LayerTiming.of(geometry).store)
        sums = WordReader(geometry.sum_word_bits, latency=SUMS_LATENCY)
        m.submodules.activation_reader, m.submodules.sum_reader = activations, sums
        from_sums = transfer.memory == Memory.SUMS
        m.d.sync += [
            dma.command.valid.eq(sequencer.start_store),
            dma.command.payload.address.eq(address),
            dma.command.payload.beats.eq(self._beats(transfer)),
        ]
        m.d.comb += [
            dma.clear.eq(sequencer.load_program),
            dma.data.valid.eq(activations.beats.valid | sums.beats.valid),
            dma.data.payload.eq(Mux(sums.beats.valid, sums.beats.payload, activations.beats.payload)),
            sequencer.store_read.eq(activations.read & sums.read),
            sequencer.write_done.eq(dma.done),
            sequencer.write_failed.eq(dma.error),
            conv.store_address.eq(Mux(from_sums, sums.address, activations.address)),
            conv.store_bank.eq(activations.bank),
            activations.word.eq(conv.store_activation),
            sums.word.eq(conv.store_sums),
        ]
        for reader, chosen in ((activations, ~from_sums), (sums, from_sums)):
            m.d.comb += [
                reader.start.eq(sequencer.start_store & chosen),
                *self._band(reader, transfer),
                reader.words.eq(transfer.words),
                reader.beats.ready.eq(dma.data.ready),
            ]

    def _band(self, walk, transfer):
        return (
            walk.base.eq(transfer.address),
            walk.first_bank.eq(transfer.bank),
            walk.bank_step.eq(transfer.bank_step),
            walk.band_words.eq(transfer.band_words),
        )

    def _beats(self, transfer):
        """64-bit beats of a transfer's words."""
        narrow = self.geometry.activation_word_bits // BEAT_BITS
        wide = self.geometry.parameter_word_bits // BEAT_BITS
        is_wide = (transfer.memory == Memory.PARAMETERS) | (transfer.memory == Memory.SUMS)
        return Mux(is_wide, transfer.words * wide, transfer.words * narrow)
