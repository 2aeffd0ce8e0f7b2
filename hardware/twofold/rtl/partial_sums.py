"""Block RAM of partial sums: pixel-wise accumulation, and maxima for pooling, one address a cycle."""

from __future__ import annotations

from enum import Enum

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.pipeline import delay
from twofold.rtl.primitives.family import Family
from twofold.rtl.primitives.or_adder import OrAdder
from twofold.rtl.primitives.ternary_adder import TernaryAdder


class Accumulation(Enum):
    """What happens to the sum at an address: `ADD` adds x to it, `MAX` takes the greater of the two."""

    ADD = 0
    MAX = 1


class PartialSums(wiring.Component):
    """A bank of `lanes` sums for each address, read, changed and written back at one address a cycle.

    `valid`, `first`, `operation` and `addr` come `LEAD` = 2 cycles before `x` and `initial`; the new
    sums are on `sums`, with `out_valid` and `out_addr`, in the cycle after `x` (`LATENCY` = 3 cycles after
    `valid`), and in the memory for a `valid` or a `read_addr` given one cycle after that. An address may
    therefore come back `DISTANCE` = 4 cycles after it was given or later; sooner, the older sum is
    changed. Sums wrap: range analysis must have shown that `acc_bits` suffice. In `MAX` the stored sum
    must be an earlier `x`, as it is if the pass over that address began with `first`.

    A term may be the sum of two addends, which are added to the stored sum at once, at no more LUTs than one
    where the family has ternary adders. An addend may come as several numbers, of which at most one is not 0;
    they cost no LUT either where there are two addends or no `biases`. In `MAX` all but the first are 0.

    In a cycle without `valid` the memory reads at `read_addr`; `read_data` has the sums `LEAD` cycles later.

    Parameters
    ----------
    lanes : sums at one address.
    x_bits, acc_bits : widths of a signed term and of a signed sum.
    depth : addresses.
    alternatives : for each addend of a term, as how many numbers it comes: (n,), or of two (1, 1) or (2, 1).
    biases : whether sums begin at `initial`; else they begin at 0, which costs no LUT.
    maxima : whether there is `MAX`; else `operation` is not read.
    family : whose adders are used.

    Members
    -------
    valid : In(1)
        The sums at `addr` are to be changed.
    first : In(1)
        They begin anew: as `initial + x`, or as `x` if `operation` is `MAX`.
    operation : In(Accumulation)
    chained : In(1)
        All changes are of one address, and may come every cycle; constant while any is on its way.
        Not without `biases`.
    addr : In(range(depth))
    x : In(ArrayLayout(signed(x_bits), lanes * sum(alternatives)))
        Number n of lane i in place n * lanes + i, those of the first addend first.
    initial : In(ArrayLayout(signed(acc_bits), lanes))
        Biases, read when `first`.
    sums : Out(ArrayLayout(signed(acc_bits), lanes))
    out_valid : Out(1)
    out_addr : Out(range(depth))
    read_addr : In(range(depth))
    read_data : Out(ArrayLayout(signed(acc_bits), lanes))
    """

    LEAD = 2
    LATENCY = 3
    DISTANCE = 4

    def __init__(
        self,
        *,
        lanes: int,
        x_bits: int,
        acc_bits: int = 24,
        depth: int = 512,
        alternatives: tuple[int, ...] = (1,),
        biases: bool = True,
        maxima: bool = True,
        family: Family = Family.PORTABLE,
    ) -> None:
        if not 1 <= x_bits <= acc_bits:
            raise ValueError(f"expected terms no wider than the sums' {acc_bits} bits, got {x_bits}")
        if len(alternatives) != 1 and alternatives not in ((1, 1), (2, 1)):
            raise ValueError(f"expected alternatives (n,), (1, 1) or (2, 1), got {alternatives}")
        self.lanes, self.x_bits, self.acc_bits, self.depth = lanes, x_bits, acc_bits, depth
        self.alternatives, self.biases, self.maxima, self.family = alternatives, biases, maxima, family
        sums = data.ArrayLayout(signed(acc_bits), lanes)
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                "operation": In(Accumulation),
                "chained": In(1),
                "addr": In(range(depth)),
                "x": In(data.ArrayLayout(signed(x_bits), lanes * sum(alternatives))),
                "initial": In(sums),
                "sums": Out(sums),
                "out_valid": Out(1),
                "out_addr": Out(range(depth)),
                "read_addr": In(range(depth)),
                "read_data": Out(sums),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = memory = Memory(
            shape=unsigned(self.lanes * self.acc_bits), depth=self.depth, init=[]
        )
        read, write = memory.read_port(), memory.write_port()
        old = Signal(self.read_data.shape(), reset_less=True)
        m.d.comb += [read.addr.eq(Mux(self.valid, self.addr, self.read_addr)), self.read_data.eq(old)]
        m.d.sync += old.as_value().eq(read.data)
        if not self.biases:
            with m.If(delay(m, self.valid & self.first, self.LEAD - 1, "anew")):
                m.d.sync += old.eq(0)
        first = delay(m, self.first, self.LEAD, "first")
        operation = delay(m, self.operation, self.LEAD, "operation")
        valid = _delay_with_reset(m, self.valid, self.LEAD)
        for lane in range(self.lanes):
            now = Mux(self.chained, self.sums[lane], old[lane]) if self.biases else old[lane]
            total = self._sum(m, Mux(first, self.initial[lane], now) if self.biases else now, lane)
            if self.maxima:
                total = Mux(operation, self._greater(first, now, self.x[lane]), total)
            with m.If(valid):
                m.d.sync += self.sums[lane].eq(total)
        m.d.sync += self.out_valid.eq(valid)
        m.d.sync += self.out_addr.eq(delay(m, self.addr, self.LEAD, "addr"))
        m.d.comb += [
            write.addr.eq(self.out_addr),
            write.data.eq(self.sums.as_value()),
            write.en.eq(self.out_valid),
        ]
        return m

    def _sum(self, m: Module, start: Value, lane: int) -> Value:
        if self.alternatives == (1,):
            return start + self.x[lane]
        adder: OrAdder | TernaryAdder
        numbers = [self.x[place] for place in range(lane, len(self.x), self.lanes)]
        if len(self.alternatives) == 1:
            adder = OrAdder(len(numbers), self.acc_bits, self.family)
            m.d.comb += [
                *(a.eq(number) for a, number in zip(adder.a, numbers, strict=True)),
                adder.b.eq(start),
            ]
        else:
            adder = TernaryAdder(self.acc_bits, self.family)
            *first, second = numbers
            m.d.comb += [a.eq(number) for a, number in zip((adder.a, adder.d), first, strict=False)]
            m.d.comb += [adder.b.eq(second), adder.c.eq(start)]
        m.submodules[f"add_{lane}"] = adder
        return adder.y

    def _greater(self, first: Value, old: Value, x: Value) -> Value:
        # In MAX the old sum is an x: comparing its low bits is enough.
        return Mux(first | (x > old[: self.x_bits].as_signed()), x, old[: self.x_bits].as_signed())


def _delay_with_reset(m: Module, value: Value, cycles: int) -> Value:
    for stage in range(cycles):
        later = Signal(name=f"valid_{stage}")
        m.d.sync += later.eq(value)
        value = later
    return value
