"""When a program's instructions begin and end, with the transfers that go on behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twofold.plan.instructions import Instruction
from twofold.plan.timing.cost import FETCH, ISSUE, CostModel
from twofold.rtl.isa import LANES_PE, Memory, Opcode


@dataclass(frozen=True)
class RunTiming:
    """Predicted cycles of a run.

    instructions: with their cycles in a run's last frame. setup, frame, last_frame: see `Program`.
    """

    instructions: tuple[Instruction, ...]
    setup: int
    frame: int
    last_frame: int

    @classmethod
    def of(cls, setup: Sequence[Instruction], frame: Sequence[Instruction], cost: CostModel) -> RunTiming:
        """Every frame begins with an idle bus, so that all but the last take as long, except that the first
        may begin later: its first instruction is not yet fetched. That counts as setup."""
        timeline = Timeline(cost)
        before, first, steady, last = (timeline.run(part) for part in (setup, frame, frame, _last(frame)))
        shown = [replace(step, cycles=timed.cycles) for step, timed in zip(frame, last, strict=True)]
        setup_cycles = cost.program(len(setup) + len(frame)) + _total(before)
        frame_cycles = _total(steady)
        return cls((*before, *shown), setup_cycles + _total(first) - frame_cycles, frame_cycles, _total(last))


@dataclass
class Timeline:
    """Cycles of instructions that are executed one after the other, beginning with an idle bus.

    now: the cycle after the end of the last instruction. fetched: when the next one is there. reads, writes:
    first cycle in which the bus's reads and writes are idle; `reads` is not known while a prefetch is under
    way. last_weights: when the layer before took its last sweep with weights, but not so early that the next
    instruction was not there when its weights are to be asked for.
    """

    cost: CostModel
    now: int = 0
    fetched: int = FETCH
    reads: int = 0
    writes: int = 0
    prefetch: Prefetch | None = None
    last_weights: int | None = None

    def run(self, steps: Iterable[Instruction]) -> list[Instruction]:
        """The next instructions, with their cycles."""
        return [replace(step, cycles=self.cycles(step)) for step in steps]

    def cycles(self, step: Instruction) -> int:
        """Of the next instruction, from the end of the one before."""
        begin = self.now
        taken = max(self.now, self.fetched)
        self.fetched = taken + FETCH
        issue = self._issue(step, taken + ISSUE - 1)
        self.now = issue + self._execute(step, issue) - ISSUE + 1
        return self.now - begin

    def _issue(self, step: Instruction, ready: int) -> int:
        """When it can begin, not before `ready`."""
        if step.opcode in (Opcode.LOAD, Opcode.PREFETCH, Opcode.END):
            ready = max(ready, self._reads_idle())
        if step.opcode in (Opcode.STORE, Opcode.END):
            ready = max(ready, self.writes)
        return ready

    def _reads_idle(self) -> int:
        if self.prefetch is not None:
            self.reads, self.prefetch = self.prefetch.end(), None
        return self.reads

    def _execute(self, step: Instruction, issue: int) -> int:
        """Cycles of an instruction that does not wait; notes what goes on behind the next ones."""
        cost, fields = self.cost, step.fields
        if step.opcode is Opcode.LAYER:
            return self._layer(fields, issue)
        self.last_weights = None
        if step.opcode in (Opcode.FRAME, Opcode.END):
            return cost.marker()
        memory, words = Memory(fields["memory"]), fields["words"]
        if step.opcode is Opcode.LOAD:
            return cost.load(memory, words)
        if step.opcode is Opcode.STORE:
            self.writes = issue + cost.write(memory, words) + 1
            return cost.store(memory, words)
        beats = cost.beats(memory, words)
        self.prefetch = Prefetch(issue + cost.first_beat(), cost.read(beats) - cost.first_beat())
        return cost.marker()

    def _layer(self, fields: Mapping[str, int], issue: int) -> int:
        """Its first weights are loaded behind the layer before, if that was the last instruction."""
        cost, first = self.cost, None
        if self.last_weights is not None and fields["pe"] != LANES_PE:
            first = cost.preloaded(fields, issue - self.last_weights)
        if self.prefetch is not None:
            self.prefetch.holds += [(issue + begin, count) for begin, count in cost.holds(fields, first)]
        self.last_weights = max(issue + cost.last_weights(fields, first), self.fetched + 1 - cost.word())
        return cost.layer(fields, first)


@dataclass
class Prefetch:
    """A transfer behind layers. first: cycle of its first beat; beats: cycles that it takes if nothing holds
    it back; holds: when layers do, in order, as (first cycle, cycles)."""

    first: int
    beats: int
    holds: list[tuple[int, int]] = field(default_factory=list)

    def end(self) -> int:
        """First cycle in which the bus's reads are idle."""
        cycle, left = self.first, self.beats
        for first, count in self.holds:
            if first >= cycle + left:
                break
            if first + count > cycle:
                left -= max(0, first - cycle)
                cycle = first + count
        return cycle + left + 1


def _last(frame: Sequence[Instruction]) -> list[Instruction]:
    """A run's last frame: a prefetch is fetched, but does nothing."""
    idle = Instruction(Opcode.FRAME, "", {})
    return [idle if step.opcode is Opcode.PREFETCH else step for step in frame]


def _total(steps: Iterable[Instruction]) -> int:
    return sum(step.cycles for step in steps)
