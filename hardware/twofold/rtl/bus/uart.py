"""A UART's receiver and transmitter: a start bit, eight bits of data, the lowest first, a stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

LEAST_DIVISOR = 4
_DATA_BITS = 8
_BITS = 10


def _check(divisor: int) -> None:
    if divisor < LEAST_DIVISOR:
        raise ValueError(
            f"divisor: expected at least {LEAST_DIVISOR} clock cycles a bit, got {divisor}; lower the baud"
        )


class UartReceiver(wiring.Component):
    """Bytes from the line. A byte is there for 1 cycle, half a bit after the start of its stop bit.

    A byte whose stop bit is low is dropped. The line goes through two flip-flops.

    Parameters
    ----------
    divisor: clock cycles of a bit, at least 4.

    Ports
    -----
    rx: in, 1: the line, high when idle.
    valid: out, 1; byte: out, 8.
    """

    def __init__(self, divisor: int):
        _check(divisor)
        self._divisor = divisor
        super().__init__({"rx": In(1, init=1), "valid": Out(1), "byte": Out(8)})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.line = FFSynchronizer(self.rx, line, init=1)
        wait, left = Signal(range(self._divisor + self._divisor // 2)), Signal(range(_BITS))
        m.d.sync += self.valid.eq(0)
        with m.If(left == 0), m.If(~line):
            # The middle of the first data bit is one and a half bits away.
            m.d.sync += [left.eq(_DATA_BITS + 1), wait.eq(self._divisor + self._divisor // 2 - 2)]
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [left.eq(left - 1), wait.eq(self._divisor - 1)]
            with m.If(left == 1):
                m.d.sync += self.valid.eq(line)
            with m.Else():
                m.d.sync += self.byte.eq(Cat(self.byte[1:], line))
        return m


class UartTransmitter(wiring.Component):
    """Bytes to the line, 10 bits each, back to back if they come fast enough.

    Parameters
    ----------
    divisor: clock cycles of a bit, at least 4.

    Ports
    -----
    bytes: in, stream of 8 bits.
    tx: out, 1: the line, high when idle.
    """

    def __init__(self, divisor: int):
        _check(divisor)
        self._divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        bits = Signal(_BITS, init=1)
        wait, left = Signal(range(self._divisor)), Signal(range(_BITS + 1))
        m.d.comb += [self.bytes.ready.eq(left == 0), self.tx.eq(bits[0])]
        with m.If(left == 0), m.If(self.bytes.valid):
            m.d.sync += [
                bits.eq(Cat(0, self.bytes.payload, 1)),
                left.eq(_BITS),
                wait.eq(self._divisor - 1),
            ]
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [bits.eq(Cat(bits[1:], 1)), left.eq(left - 1), wait.eq(self._divisor - 1)]
        return m
