"""Reads and writes on AXI4-Lite for a host at the other end of a UART.

A request is an opcode (`R` or `W`), the address and the number of words (4 and 2 bytes, the lowest first),
for `W` the words, and a checksum; an answer is a status, for a read that went well the words, and a checksum.
The checksum is CRC-16/XMODEM of all bytes before it, the high byte first (Python's `binascii.crc_hqx`).
Nothing is done for a request until all of it is there and its checksum is right.
"""

from __future__ import annotations

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import fifo, wiring
from amaranth.lib.crc import Algorithm
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import axi4_lite
from twofold.rtl.bus.uart import UartReceiver, UartTransmitter
from twofold.rtl.bus.uart_request import (
    READ,
    WORD_BYTES,
    WORDS_MAX,
    WRITE,
    Arriving,
    Request,
    Status,
    receive,
)

_WAITING_BYTES = 64
_CRC = Algorithm(
    crc_width=16, polynomial=0x1021, initial_crc=0, reflect_input=False, reflect_output=False, xor_output=0
)


class UartBridge(wiring.Component):
    """An AXI4-Lite master behind a UART, one request at a time.

    Requests may follow each other without waiting for answers, as long as they are writes. A request that
    stops for `patience` cycles is dropped; one of an unknown opcode or number of words is answered REQUEST
    once the line has been silent for as long.

    Parameters
    ----------
    divisor: clock cycles of a bit on the line, at least 4.
    patience: clock cycles, less than a host waits for before it begins anew.

    Ports
    -----
    rx: in, 1. tx: out, 1: the lines, high when idle.
    m_axi: out, AXI4-Lite, 32 bits of address.
    """

    def __init__(self, divisor: int, patience: int):
        self._divisor, self._patience = divisor, patience
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "m_axi": Out(axi4_lite(32))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self._divisor)
        m.submodules.waiting = waiting = fifo.SyncFIFOBuffered(width=8, depth=_WAITING_BYTES)
        m.submodules.transmitter = transmitter = UartTransmitter(self._divisor)
        m.submodules.words = words = Memory(shape=32, depth=WORDS_MAX, init=[])
        m.submodules.check = check = _CRC(8).create()
        m.d.comb += [
            receiver.rx.eq(self.rx),
            waiting.w_data.eq(receiver.byte),
            waiting.w_en.eq(receiver.valid),
            self.tx.eq(transmitter.tx),
        ]
        request = Request(m)
        silent = self._silence(m, receiver.valid)
        stored, loaded = words.write_port(), words.read_port()
        m.d.comb += loaded.addr.eq(request.index)
        with m.FSM():
            self._receive(m, request, waiting, check, stored, silent)
            self._execute(m, request, stored, loaded)
            self._answer(m, request, transmitter, check, loaded)
        return m

    def _silence(self, m: Module, heard: Signal) -> Signal:
        """High when no byte came for `patience` cycles."""
        left, silent = Signal(range(self._patience + 1), init=self._patience), Signal()
        m.d.comb += silent.eq(left == 0)
        m.d.sync += left.eq(Mux(heard, self._patience, left - ~silent))
        return silent

    def _receive(self, m: Module, request: Request, waiting, check, stored, silent: Signal) -> None:
        taken = Signal()
        arriving = Arriving(waiting.r_data, waiting.r_rdy, taken, silent, check)
        m.d.comb += [
            waiting.r_en.eq(taken),
            check.data.eq(arriving.byte),
            check.valid.eq(taken & arriving.there),
        ]
        receive(m, request, arriving, stored)

    def _execute(self, m: Module, request: Request, stored, loaded) -> None:
        """A transfer for each word; the first response that is an error is kept."""
        bus = self.m_axi
        address = request.address + (request.index << 2)
        m.d.comb += [bus.awaddr.eq(address), bus.araddr.eq(address), bus.wdata.eq(loaded.data)]
        m.d.comb += bus.wstrb.eq(0b1111)
        with m.State("ADDRESS"):  # the word of this index is read meanwhile
            m.next = "READ"
            with m.If(request.opcode == WRITE):
                m.d.sync += [bus.awvalid.eq(1), bus.wvalid.eq(1)]
                m.next = "WRITE"
            with m.Else():
                m.d.sync += bus.arvalid.eq(1)
        with m.State("WRITE"):
            with m.If(bus.awready):
                m.d.sync += bus.awvalid.eq(0)
            with m.If(bus.wready):
                m.d.sync += bus.wvalid.eq(0)
            m.d.comb += bus.bready.eq(1)
            with m.If(bus.bvalid):
                self._next_word(m, request, bus.bresp)
        with m.State("READ"):
            with m.If(bus.arready):
                m.d.sync += bus.arvalid.eq(0)
            m.d.comb += bus.rready.eq(1)
            with m.If(bus.rvalid):
                m.d.comb += [stored.addr.eq(request.index), stored.data.eq(bus.rdata), stored.en.eq(1)]
                self._next_word(m, request, bus.rresp)

    def _next_word(self, m: Module, request: Request, response: Signal) -> None:
        m.d.sync += request.index.eq(request.index + 1)
        m.next = "ADDRESS"
        with m.If(request.is_last):
            m.d.sync += request.index.eq(0)
            m.next = "STATUS"
        with m.If((request.status == Status.OKAY) & response[1]):
            m.d.sync += request.status.eq(response)

    def _answer(self, m: Module, request: Request, transmitter, check, loaded) -> None:
        """STATUS, WORDS and the two bytes of the checksum go to the line."""
        out = transmitter.bytes
        m.submodules.answer_check = answer_check = _CRC(8).create()
        m.d.comb += [answer_check.data.eq(out.payload), answer_check.valid.eq(out.valid & out.ready)]
        with m.State("STATUS"):
            m.d.comb += [out.valid.eq(1), out.payload.eq(request.status)]
            with m.If(out.ready):
                m.next = "HIGH"
                with m.If((request.status == Status.OKAY) & (request.opcode == READ)):
                    m.next = "WORDS"
        with m.State("WORDS"):
            lanes = Array(loaded.data[8 * lane : 8 * lane + 8] for lane in range(WORD_BYTES))
            m.d.comb += [out.valid.eq(1), out.payload.eq(lanes[request.bytes[:2]])]
            with m.If(out.ready):
                m.d.sync += request.bytes.eq(request.bytes + 1)
                with m.If(request.bytes == WORD_BYTES - 1):
                    m.d.sync += [request.bytes.eq(0), request.index.eq(request.index + 1)]
                    with m.If(request.is_last):
                        m.next = "HIGH"
        with m.State("HIGH"):
            m.d.comb += [out.valid.eq(1), out.payload.eq(answer_check.crc[8:]), answer_check.valid.eq(0)]
            with m.If(out.ready):
                m.next = "LOW"
        with m.State("LOW"):
            m.d.comb += [out.valid.eq(1), out.payload.eq(answer_check.crc[:8]), answer_check.valid.eq(0)]
            with m.If(out.ready):
                m.d.comb += answer_check.start.eq(1)
                m.next = "HEADER"
