"""A request of the UART bridge, as it comes off the line byte by byte: see `twofold.rtl.bus.uart_bridge`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring

from twofold.rtl.bus.axi4 import Response

WORDS_MAX = 64
READ, WRITE = ord("R"), ord("W")
WORD_BYTES = 4
_HEADER_BYTES = 7


class Status(IntEnum):
    """The first byte of an answer. The responses of AXI keep their codes."""

    OKAY = Response.OKAY
    SLVERR = Response.SLVERR
    DECERR = Response.DECERR
    CHECKSUM = 4
    REQUEST = 5


@dataclass(frozen=True)
class Arriving:
    """The oldest byte that waits, if one is there. taken: set where it is; check: the CRC of those taken."""

    byte: Signal
    there: Signal
    taken: Signal
    silent: Signal
    check: wiring.Component


class Request:
    """Registers of the request under way."""

    def __init__(self, m: Module):
        self._header = Signal(8 * _HEADER_BYTES)
        self.opcode, self.address = self._header[:8], self._header[8:40]
        self.count = self._header[40:56]
        self.bytes, self.index = Signal(range(_HEADER_BYTES)), Signal(range(WORDS_MAX))
        self.word, self.status = Signal(32), Signal(Status)
        self.is_last = Signal()
        m.d.comb += self.is_last.eq(self.index == self.count - 1)

    def shift_in(self, byte: Signal):
        return self._header.eq(Cat(self._header[8:], byte))


def receive(m: Module, request: Request, arriving: Arriving, stored) -> None:
    """The states of taking a request, the first ones of an FSM.

    HEADER, DATA and CHECKSUM take bytes, CHECK looks at the checksum, SILENCE drops bytes. ADDRESS follows a
    good request, STATUS one that is answered with an error. stored: write port of the request's words.
    """
    with m.State("HEADER"):
        _header(m, request, arriving)
    with m.State("LOOK"):
        _look(m, request)
    with m.State("DATA"):
        _data(m, request, arriving, stored)
    with m.State("CHECKSUM"):
        _checksum(m, request, arriving)
    with m.State("CHECK"):
        _check(m, request, arriving)
    with m.State("SILENCE"):
        _wait_for_silence(m, request, arriving)


def _header(m: Module, request: Request, arriving: Arriving) -> None:
    m.d.comb += arriving.taken.eq(1)
    with m.If(arriving.there):
        m.d.sync += [request.shift_in(arriving.byte), request.bytes.eq(request.bytes + 1)]
        with m.If(request.bytes == _HEADER_BYTES - 1):
            m.d.sync += [request.bytes.eq(0), request.index.eq(0), request.status.eq(Status.OKAY)]
            m.next = "LOOK"
    with m.Elif(arriving.silent):
        m.d.sync += request.bytes.eq(0)
        m.d.comb += arriving.check.start.eq(1)


def _look(m: Module, request: Request) -> None:
    known = (request.opcode == READ) | (request.opcode == WRITE)
    with m.If(~known | (request.count == 0) | (request.count > WORDS_MAX)):
        m.next = "SILENCE"
    with m.Else():
        m.next = "CHECKSUM"
        with m.If(request.opcode == WRITE):
            m.next = "DATA"


def _data(m: Module, request: Request, arriving: Arriving, stored) -> None:
    m.d.comb += [
        arriving.taken.eq(1),
        stored.addr.eq(request.index),
        stored.data.eq(Cat(request.word[8:], arriving.byte)),
    ]
    with m.If(arriving.there):
        m.d.sync += [request.word.eq(stored.data), request.bytes.eq(request.bytes + 1)]
        with m.If(request.bytes == WORD_BYTES - 1):
            m.d.comb += stored.en.eq(1)
            m.d.sync += [request.bytes.eq(0), request.index.eq(request.index + 1)]
            with m.If(request.is_last):
                m.d.sync += request.index.eq(0)
                m.next = "CHECKSUM"
    _drop_when_silent(m, request, arriving)


def _checksum(m: Module, request: Request, arriving: Arriving) -> None:
    m.d.comb += arriving.taken.eq(1)
    with m.If(arriving.there):
        m.d.sync += request.bytes.eq(request.bytes + 1)
        with m.If(request.bytes == 1):
            m.d.sync += request.bytes.eq(0)
            m.next = "CHECK"
    _drop_when_silent(m, request, arriving)


def _check(m: Module, request: Request, arriving: Arriving) -> None:
    m.d.comb += arriving.check.start.eq(1)
    m.next = "ADDRESS"
    with m.If(arriving.check.crc != 0):  # of bytes and their checksum
        m.d.sync += request.status.eq(Status.CHECKSUM)
        m.next = "STATUS"


def _wait_for_silence(m: Module, request: Request, arriving: Arriving) -> None:
    m.d.comb += arriving.taken.eq(1)
    with m.If(arriving.silent & ~arriving.there):
        m.d.comb += arriving.check.start.eq(1)
        m.d.sync += request.status.eq(Status.REQUEST)
        m.next = "STATUS"


def _drop_when_silent(m: Module, request: Request, arriving: Arriving) -> None:
    with m.If(arriving.silent & ~arriving.there):
        m.d.comb += arriving.check.start.eq(1)
        m.d.sync += request.bytes.eq(0)
        m.next = "HEADER"
