"""A counter whose last step is known in a register."""

from __future__ import annotations

from amaranth.hdl import Signal


class Countdown:
    """Of the steps of a loop: `last` is high in the last of them, without a comparison on the way.

    load, step: the statements that begin the loop with a number of steps, at least 1, and that end one.
    """

    def __init__(self, bits: int, name: str):
        self.left, self.last = Signal(bits, name=f"{name}_left"), Signal(name=f"{name}_last")

    def load(self, steps):
        return self.left.eq(steps - 1), self.last.eq(steps == 1)

    def step(self):
        return self.left.eq(self.left - 1), self.last.eq(self.left == 1)
