"""From a stream of 64-bit beats over AXI4 to memory."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import axi4_write
from twofold.rtl.bus.bursts import (
    BEAT_SHIFT,
    BURST_BEATS,
    OUTSTANDING,
    BurstAddresses,
    check_burst_parameters,
    count,
    drive_address_channel,
    transfer_layout,
)
from twofold.rtl.countdown import Countdown


class WriteDma(wiring.Component):
    """Writes `beats` consecutive 64-bit words, one a cycle when stream and memory allow.

    One command at a time; `command.ready` is high while none runs. AWVALID rises 2 cycles after the
    command is taken, `data.ready` may rise in the same cycle, and beats go from `data` to W without
    a register between. Up to `outstanding` bursts await their answer. `done` is high for 1 cycle, 2
    cycles after the last B, and a next command can be taken in that same cycle. So a command of
    n > 0 beats takes 3 + n + L cycles from the cycle that takes it to `done`, L being the memory's
    cycles from the last beat on W to BVALID, if nothing stalls. A command of 0 beats is done 2 cycles
    after it was taken, without a transfer.

    Parameters
    ----------
    max_burst, outstanding, beats_width: as for ReadDma.

    Ports
    -----
    command: in, stream of {address: 32, a multiple of 8; beats: beats_width}.
    data: in, stream of 64 bits; only beats of a running command are taken.
    done: out, 1.
    error: out, 1: some burst was answered SLVERR or DECERR; stays until `clear`. The command still ends.
    clear: in, 1: resets `error`.
    bus: out, AW, W and B channels.

    unanswered, offered: bursts that await their answer; those of them whose last beat W has not taken.
    """

    def __init__(self, max_burst: int = BURST_BEATS, outstanding: int = OUTSTANDING, beats_width: int = 20):
        check_burst_parameters(max_burst, outstanding, beats_width)
        self._max_burst, self._outstanding, self._beats_width = max_burst, outstanding, beats_width
        self.unanswered, self.offered = Signal(range(outstanding + 1)), Signal(range(outstanding + 1))
        super().__init__(
            {
                "command": In(stream.Signature(transfer_layout(beats_width))),
                "data": In(stream.Signature(64)),
                "done": Out(1),
                "error": Out(1),
                "clear": In(1),
                "bus": Out(axi4_write()),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.bursts = bursts = BurstAddresses(self._max_burst, self._beats_width)
        drive_address_channel(m, bursts, self.bus, "aw")
        command = self.command.payload
        busy, accept, unanswered = Signal(), Signal(), self.unanswered
        m.d.comb += [
            self.command.ready.eq(~busy),
            accept.eq(self.command.valid & ~busy),
            bursts.start.eq(accept),
            bursts.address.eq(command.address),
            bursts.beats.eq(command.beats),
            bursts.allow.eq(unanswered != self._outstanding),
            self.bus.bready.eq(1),
        ]
        finished = busy & ~bursts.more & (unanswered == 0)
        count(m, unanswered, bursts.issue, self.bus.bvalid)
        m.d.sync += self.done.eq(finished)
        with m.If(accept):
            m.d.sync += busy.eq(1)
        with m.If(finished):
            m.d.sync += busy.eq(0)
        with m.If(self.bus.bvalid & self.bus.bresp[1]):
            m.d.sync += self.error.eq(1)
        with m.Elif(self.clear):
            m.d.sync += self.error.eq(0)
        self._drive_beats(m, accept, bursts)
        return m

    def _drive_beats(self, m: Module, accept: Signal, bursts: BurstAddresses) -> None:
        """The W channel. It runs behind AWVALID, not AWREADY, which a memory may hold back for WVALID."""
        beats, offered = Countdown(self._beats_width, "beats"), self.offered
        position = Signal(range(max(2, self._max_burst)))
        beat = self.bus.wvalid & self.bus.wready
        m.d.comb += [
            self.bus.wvalid.eq(self.data.valid & (offered != 0)),
            self.data.ready.eq(self.bus.wready & (offered != 0)),
            self.bus.wdata.eq(self.data.payload),
            self.bus.wstrb.eq(0xFF),
            # Bursts end at aligned addresses, or with the transfer.
            self.bus.wlast.eq((position == self._max_burst - 1) | beats.last),
        ]
        count(m, offered, bursts.issue, beat & self.bus.wlast)
        with m.If(beat):
            m.d.sync += [*beats.step(), position.eq((position + 1) % self._max_burst)]
        with m.If(accept):
            m.d.sync += [
                *beats.load(self.command.payload.beats),
                position.eq((self.command.payload.address >> BEAT_SHIFT) % self._max_burst),
            ]
