"""From memory over AXI4 to a stream of 64-bit beats."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import axi4_read
from twofold.rtl.bus.bursts import (
    BURST_BEATS,
    OUTSTANDING,
    BurstAddresses,
    check_burst_parameters,
    count,
    drive_address_channel,
    transfer_layout,
)
from twofold.rtl.countdown import Countdown


class ReadDma(wiring.Component):
    """Reads `beats` consecutive 64-bit words, one a cycle when the memory gives one a cycle.

    One command at a time; `command.ready` is high while none runs. ARVALID rises 2 cycles after the
    command is taken, and up to `outstanding` bursts are under way. A beat on R appears on `data` 1
    cycle later; `done` is high for 1 cycle, together with the command's last beat, and a next command
    can be taken in that same cycle. So a command of n > 0 beats takes 2 + L + n cycles from the cycle
    that takes it to `done`, L being the memory's cycles from ARVALID to the first RVALID, if beats
    come every cycle. A command of 0 beats is done 1 cycle after it was taken, without a transfer.

    Parameters
    ----------
    max_burst: longest burst in beats, a power of two up to 256. 16 suits AXI3 ports such as Zynq's HP.
    outstanding: bursts requested and not yet received.
    beats_width: bits of a command's number of beats.

    Ports
    -----
    command: in, stream of {address: 32, a multiple of 8; beats: beats_width}.
    data: out, {valid: 1, payload: 64}; stalled by `hold` only.
    hold: in, 1: no beat is taken from the bus in this cycle; the next cycle has none on `data`.
    done: out, 1.
    error: out, 1: some beat came with SLVERR or DECERR; stays until `clear`. The command still ends.
    clear: in, 1: resets `error`.
    bus: out, AR and R channels.
    """

    def __init__(self, max_burst: int = BURST_BEATS, outstanding: int = OUTSTANDING, beats_width: int = 20):
        check_burst_parameters(max_burst, outstanding, beats_width)
        self._max_burst, self._outstanding, self._beats_width = max_burst, outstanding, beats_width
        super().__init__(
            {
                "command": In(stream.Signature(transfer_layout(beats_width))),
                "data": Out(wiring.Signature({"valid": Out(1), "payload": Out(64)})),
                "hold": In(1),
                "done": Out(1),
                "error": Out(1),
                "clear": In(1),
                "bus": Out(axi4_read()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bursts = bursts = BurstAddresses(self._max_burst, self._beats_width)
        drive_address_channel(m, bursts, self.bus, "ar")
        command = self.command.payload
        busy, beat = Signal(), Signal()
        awaited = Countdown(self._beats_width, "awaited")
        under_way = Signal(range(self._outstanding + 1))
        accept, last = Signal(), Signal()
        m.d.comb += [
            self.command.ready.eq(~busy),
            accept.eq(self.command.valid & ~busy),
            last.eq(beat & awaited.last),
            bursts.start.eq(accept),
            bursts.address.eq(command.address),
            bursts.beats.eq(command.beats),
            bursts.allow.eq(under_way != self._outstanding),
            self.bus.rready.eq(~self.hold),
            beat.eq(self.bus.rvalid & self.bus.rready),
        ]
        m.d.sync += [
            self.data.valid.eq(beat),
            self.data.payload.eq(self.bus.rdata),
            self.done.eq(last | (accept & (command.beats == 0))),
        ]
        count(m, under_way, bursts.issue, beat & self.bus.rlast)
        with m.If(beat):
            m.d.sync += awaited.step()
        with m.If(accept):
            m.d.sync += [busy.eq(command.beats != 0), *awaited.load(command.beats)]
        with m.If(last):
            m.d.sync += busy.eq(0)
        with m.If(beat & self.bus.rresp[1]):
            m.d.sync += self.error.eq(1)
        with m.Elif(self.clear):
            m.d.sync += self.error.eq(0)
        return m
