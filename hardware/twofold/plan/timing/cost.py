"""Cycles of each instruction, from the hardware's own latencies. Benches hold the model to the simulation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from twofold.rtl.buffers import reader_cycles
from twofold.rtl.control.instruction_fetch import InstructionFetch
from twofold.rtl.control.sequencer import Sequencer
from twofold.rtl.geometry import BEAT_BITS, Geometry
from twofold.rtl.isa import INSTRUCTION_BYTES, Memory, Output
from twofold.rtl.layer_timing import LayerTiming
from twofold.rtl.split_conv import SUMS_LATENCY
from twofold.rtl.tile import THRESHOLD_BITS

ISSUE = Sequencer.ISSUE
"""From the end of an instruction to the issue of the next, if that was fetched in the meantime."""

FETCH = InstructionFetch.LATENCY
"""Least cycles between the issue of two instructions: the fetch of one of them."""

_READ_COMMAND = 4
_WRITE_COMMAND = 3
_LAST_WORD = 2
_STORED = 2
_PARAMETERS = 5
_BURST_BEATS = 16


@dataclass(frozen=True)
class BusTiming:
    """A memory behind the AXI4 master.

    read_latency, write_latency: one less than the cycles from ARVALID to the first RVALID, and from the last
    W beat to BVALID.
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

    @cached_property
    def timing(self) -> LayerTiming:
        return LayerTiming.of(self.geometry)

    def layer(self, fields: Mapping[str, int], first: int | None = None) -> int:
        """Cycles of a LAYER: for each output group its sweeps, each max(pixels, interval), but
        the last sweep not before the group's parameters are there. Every second group of a paired layer has
        the last one only.

        first: cycles from issue to the first sweep, if its weights are on their way before.
        """
        timing = self.timing
        final = self.last_sweep(fields, first)
        behind = timing.drains[fields["pe"]] + timing.later(fields["output"]) + timing.finish
        return ISSUE + final + self._issuing(fields) + behind - fields["early"]

    def last_sweep(self, fields: Mapping[str, int], first: int | None = None) -> int:
        """Cycles from issue to the start of the last sweep."""
        *_, final = self._final_sweeps(fields, first)
        return final

    def last_weights(self, fields: Mapping[str, int], first: int | None = None) -> int:
        """Cycles from issue to the start of the last sweep that has weights."""
        finals = list(self._final_sweeps(fields, first))
        return finals[-2 if fields["paired"] else -1]

    def preloaded(self, fields: Mapping[str, int], since: int) -> int:
        """Cycles from issue to the first sweep, if the layer before began its last one `since` cycles ago."""
        return max(1, self.timing.interval(fields) - since)

    def word(self) -> int:
        """Cycles from a sweep's start to its first words, when the next weights are asked for."""
        return self.timing.word

    def holds(self, fields: Mapping[str, int], first: int | None = None) -> tuple[tuple[int, int], ...]:
        """When a LAYER holds beats for the activation memory back, because its results are written: first
        cycle, counted from its issue, and cycles."""
        if fields["output"] == Output.SUMS:
            return ()
        timing = self.timing
        delay, pace = 1 + timing.held(fields["pe"]), timing.pace(fields["output"])
        later, pixels = timing.later(fields["output"]), _pixels(fields)
        finals = [final + delay + later for final in self._final_sweeps(fields, first)]
        if pace == 1:
            return tuple((begin, pixels) for begin in finals)
        return tuple((begin + pixel * pace, 1) for begin in finals for pixel in range(pixels))

    def _issuing(self, fields: Mapping[str, int]) -> int:
        """Cycles from the first pixel of a group's last sweep to the one after the last."""
        return (_pixels(fields) - 1) * self.timing.pace(fields["output"]) + 1

    def _final_sweeps(self, fields: Mapping[str, int], first: int | None) -> Iterator[int]:
        """Cycles from issue to the start of each output group's last sweep."""
        timing = self.timing
        interval = timing.interval(fields)
        blocks, issuing = fields["tile_blocks"], self._issuing(fields)
        sweep, drain = max(_pixels(fields), interval), timing.parameters_wait[fields["pe"]]
        drain += timing.later(fields["output"])
        sweeps = fields["in_blocks"] * fields["taps_y"] * fields["taps_x"] * fields["parts"]
        words = (0, 1, 1 << THRESHOLD_BITS)[Output(fields["output"])]
        parameters = _PARAMETERS + blocks - 1 + blocks * words
        taken, ready = 1 + interval if first is None else first, parameters
        for group in range(fields["out_groups"]):
            recalls = fields["paired"] and group % 2
            final = max(taken if recalls else taken + (sweeps - 1) * sweep, ready)
            yield final
            taken = final + (issuing if recalls else max(issuing, interval))
            ready = final + issuing + parameters + drain

    def load(self, memory: Memory, words: int) -> int:
        return ISSUE + self.read(self.beats(memory, words)) + _LAST_WORD - 1

    def store(self, memory: Memory, words: int) -> int:
        """Cycles of a STORE, which ends when its words are read from the chip."""
        latency = self._store_latency(memory)
        return ISSUE + (words - 1) * self._word(memory) + latency + _STORED

    def write(self, memory: Memory, words: int) -> int:
        """Cycles from the issue of a STORE to its last answer."""
        return words * self._word(memory) + self.bus.write_latency + _WRITE_COMMAND

    def marker(self) -> int:
        """FRAME, END and PREFETCH."""
        return ISSUE

    def program(self, instructions: int) -> int:
        """Loading the program, and the start and end of a run."""
        return self.read(instructions * INSTRUCTION_BYTES * 8 // BEAT_BITS) + 2

    def read(self, beats: int) -> int:
        """Cycles from a read command to its last beat."""
        bursts = -(-beats // _BURST_BEATS)
        return _READ_COMMAND + self.bus.read_latency + beats + (bursts - 1) * self.bus.burst_gap

    def first_beat(self) -> int:
        """Cycles from a read command to the bus's first beat."""
        return _READ_COMMAND + self.bus.read_latency

    def beats(self, memory: Memory, words: int) -> int:
        """64-bit beats of memory words."""
        wide = memory in (Memory.PARAMETERS, Memory.SUMS)
        bits = self.geometry.parameter_word_bits if wide else self.geometry.activation_word_bits
        return words * bits // BEAT_BITS

    def _store_latency(self, memory: Memory) -> int:
        return SUMS_LATENCY if memory is Memory.SUMS else self.timing.store

    def _word(self, memory: Memory) -> int:
        """Cycles in which a word goes to the bus."""
        return reader_cycles(self._store_latency(memory), self.beats(memory, 1))


def _pixels(fields: Mapping[str, int]) -> int:
    return fields["out_height"] * fields["out_width"]
