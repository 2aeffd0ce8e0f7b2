"""Cuts a transfer into INCR bursts and offers their addresses."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import BURST_INCR, CACHE_BUFFERABLE, MAX_BURST

BURST_BEATS, OUTSTANDING = 16, 4
"""Of our DMAs, unless they are told otherwise: the longest burst, and how many are under way each way."""
SIZE_8_BYTES = 3
BEAT_SHIFT = 3


def transfer_layout(beats_width: int) -> data.StructLayout:
    """A DMA's command: byte address, a multiple of 8, and number of 64-bit beats."""
    return data.StructLayout({"address": 32, "beats": beats_width})


def check_burst_parameters(max_burst: int, outstanding: int, beats_width: int) -> None:
    """Raises ValueError for parameters that no DMA can have."""
    if not 1 <= max_burst <= MAX_BURST or max_burst & (max_burst - 1):
        raise ValueError(f"max_burst must be a power of two from 1 to {MAX_BURST}, not {max_burst}")
    if outstanding < 1:
        raise ValueError(f"outstanding must be at least 1, not {outstanding}")
    if beats_width < 1:
        raise ValueError(f"beats_width must be at least 1, not {beats_width}")


class BurstAddresses(wiring.Component):
    """Addresses of the bursts of one transfer.

    Every burst but the first begins at a multiple of its longest size, max_burst · 8 bytes. That is a
    power of two of at most 2 KiB, so no burst crosses a 4 KiB boundary, and a burst ends where the
    next address is aligned or the transfer is over. The first address is offered 2 cycles after
    `start`, further ones each cycle that `valid & ready` and `allow`.

    start, address, beats: loads a transfer; only while `more` and `valid` are low.
    allow: another burst may be taken up. issue: one has been; it is offered from the next cycle on.
    more: beats are not yet taken up. valid, ready, burst_address, burst_len: the offered burst, burst_len
    in beats less one as on AxLEN.
    """

    def __init__(self, max_burst: int, beats_width: int):
        self._max_burst, self._beats_width = max_burst, beats_width
        super().__init__(
            {
                "start": In(1),
                "address": In(32),
                "beats": In(beats_width),
                "allow": In(1),
                "issue": Out(1),
                "more": Out(1),
                "valid": Out(1),
                "ready": In(1),
                "burst_address": Out(32),
                "burst_len": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = self._max_burst.bit_length() - 1
        # A line is max_burst beats from an aligned address on: of the transfer's last beat, how many lines
        # there are before its own, and its place in it.
        line, position = Signal(32 - BEAT_SHIFT - bits), Signal(bits)
        lines, end = Signal(self._beats_width + 1 - bits), Signal(bits)
        last = lines == 0
        m.d.comb += self.issue.eq(self.more & (~self.valid | self.ready) & self.allow)
        with m.If(self.ready):
            m.d.sync += self.valid.eq(0)
        with m.If(self.issue):
            m.d.sync += [
                self.valid.eq(1),
                self.burst_address.eq(Cat(Const(0, BEAT_SHIFT), position, line)),
                # of a whole line less its place: all bits the other way round
                self.burst_len.eq(Mux(last, (end - position)[:bits], ~position)),
                line.eq(line + 1),
                position.eq(0),
                lines.eq(lines - 1),
                self.more.eq(~last),
            ]
        with m.If(self.start):
            m.d.sync += [
                Cat(position, line).eq(self.address >> BEAT_SHIFT),
                Cat(end, lines).eq(self.beats + self.address[BEAT_SHIFT : BEAT_SHIFT + bits] - 1),
                self.more.eq(self.beats != 0),
            ]
        return m


def count(m: Module, counter: Signal, more: Value, less: Value) -> None:
    """Counts up by `more` and down by `less`, at once without a change; two LUTs behind them, no carries."""
    with m.If(more & ~less):
        m.d.sync += counter.eq(Array(range(1, 1 << len(counter)))[counter])
    with m.Elif(less & ~more):
        m.d.sync += counter.eq(Array((0, *range((1 << len(counter)) - 1)))[counter])


def drive_address_channel(m: Module, bursts: BurstAddresses, bus: wiring.PureInterface, prefix: str) -> None:
    """Connects a burst's address to the channel "ar" or "aw" of `bus`; identifiers and protection are 0."""
    m.d.comb += [
        getattr(bus, f"{prefix}addr").eq(bursts.burst_address),
        getattr(bus, f"{prefix}len").eq(bursts.burst_len),
        getattr(bus, f"{prefix}size").eq(SIZE_8_BYTES),
        getattr(bus, f"{prefix}burst").eq(BURST_INCR),
        getattr(bus, f"{prefix}cache").eq(CACHE_BUFFERABLE),
        getattr(bus, f"{prefix}valid").eq(bursts.valid),
        bursts.ready.eq(getattr(bus, f"{prefix}ready")),
    ]
