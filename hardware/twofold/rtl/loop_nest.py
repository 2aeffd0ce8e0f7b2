"""A nest of loops that knows in registers which of them end with the current step."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from twofold.rtl.countdown import Countdown


class LoopNest:
    """Loops, the innermost first, all of at least one step, that are stepped together.

    What ends with a step is found out in the step before, so that nothing has to wait for the counters:
    they would be looked at one after the other.

    ends: whether the current step is the last one of that loop and of all loops inside.
    begin, step: add the statements that begin the nest, and that end a step of it.
    """

    def __init__(self, loops: Sequence[Countdown]):
        self.loops = tuple(loops)
        self.ends = tuple(Signal(name=f"{loop.last.name}_of_all") for loop in loops)

    def begin(self, m: Module, steps: Sequence[Value]) -> None:
        single = [count == 1 for count in steps]
        for loop, count in zip(self.loops, steps, strict=True):
            m.d.sync += loop.load(count)
        self._follow(m, single)

    def step(self, m: Module, steps: Sequence[Value]) -> None:
        """steps: as at `begin`."""
        inside: Value | int = 1
        last: list[Value] = []
        for loop, end, count in zip(self.loops, self.ends, steps, strict=True):
            with m.If(inside):
                m.d.sync += loop.step()
            with m.If(end):
                m.d.sync += loop.load(count)
            last.append(Mux(inside, Mux(end, count == 1, loop.left == 1), loop.last))
            inside = end
        self._follow(m, last)

    def _follow(self, m: Module, last: Sequence[Value]) -> None:
        m.d.sync += [end.eq(Cat(last[: depth + 1]).all()) for depth, end in enumerate(self.ends)]
