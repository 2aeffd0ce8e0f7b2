"""Cycles of each instruction, from the hardware's own latencies. Benches hold the model to the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.rtl.buffers import reader_cycles
from twofold.rtl.geometry import BEAT_BITS, Geometry
from twofold.rtl.instruction_fetch import InstructionFetch
from twofold.rtl.isa import INSTRUCTION_BYTES, Memory, Output
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.sequencer import Sequencer
from twofold.rtl.split_conv import SUMS_LATENCY
from twofold.rtl.tile import THRESHOLD_BITS

FETCH = InstructionFetch.LATENCY + Sequencer.OVERHEAD
"""From the end of an instruction to the dispatch of the next."""

_COMMAND = 3
_LAST_WORD = 2
_PARAMETERS = 5
_BURST_BEATS = 16


@dataclass(frozen=True)
class BusTiming:
    """A memory behind the AXI4 master.

    read_latency, write_latency: cycles from ARVALID to the first RVALID, and from the last W beat to BVALID.
    burst_gap: idle cycles between two read bursts.
    """

    read_latency: int
    write_latency: int
    burst_gap: int


@dataclass(frozen=True)
class CostModel:
    """Predicts the cycles of instructions on an engine of this geometry."""

    geometry: Geometry
    bus: BusTiming

    def layer(self, fields: Mapping[str, int]) -> int:
        """Cycles of a LAYER: for each output group its sweeps, each max(pixels, interval), but
        the last sweep not before the group's parameters are there."""
        timing = LayerTiming.of(self.geometry)
        interval, blocks = timing.intervals[fields["pe"]], fields["tile_blocks"]
        pixels = fields["out_height"] * fields["out_width"]
        sweep = max(pixels, interval)
        sweeps = fields["in_blocks"] * fields["taps_y"] * fields["taps_x"]
        words = (0, 1, 1 << THRESHOLD_BITS)[Output(fields["output"])]
        parameters = _PARAMETERS + blocks - 1 + blocks * words
        taken, ready = 1 + interval, parameters
        for _ in range(fields["out_groups"]):
            final = max(taken + (sweeps - 1) * sweep, ready)
            taken = final + sweep
            ready = final + pixels + parameters + timing.drain
        return FETCH + final + pixels + timing.drain + timing.finish

    def load(self, memory: Memory, words: int) -> int:
        return FETCH + self.read(words * self._beats(memory)) + _LAST_WORD - 1

    def store(self, memory: Memory, words: int) -> int:
        latency = SUMS_LATENCY if memory is Memory.SUMS else LayerTiming.of(self.geometry).store
        beats = words * reader_cycles(latency, self._beats(memory))
        return FETCH + beats + self.bus.write_latency + _COMMAND

    def marker(self) -> int:
        """FRAME and END."""
        return FETCH

    def program(self, instructions: int) -> int:
        """Loading the program, and the start and end of a run."""
        return self.read(instructions * INSTRUCTION_BYTES * 8 // BEAT_BITS) + 2

    def read(self, beats: int) -> int:
        """Cycles from a read command to its last beat."""
        bursts = -(-beats // _BURST_BEATS)
        return _COMMAND + self.bus.read_latency + beats + (bursts - 1) * self.bus.burst_gap

    def _beats(self, memory: Memory) -> int:
        wide = memory in (Memory.PARAMETERS, Memory.SUMS)
        bits = self.geometry.parameter_word_bits if wide else self.geometry.activation_word_bits
        return bits // BEAT_BITS
