"""What the line loses is sent again, and no answer is taken for another request's."""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from twofold_runtime import uart_link
from twofold_runtime.errors import AcceleratorError

from twofold.rtl.bus.uart_request import READ, WORD_BYTES, WORDS_MAX, WRITE, Status

BYTES_IN_SILENCE = 100
"""That the line carries while the runtime waits for silence: a slow one, less than the longest request."""
CONTENT = bytes(place * 7 % 256 for place in range(uart_link.IN_FLIGHT * WORDS_MAX * WORD_BYTES))
HEADER_BYTES, CHECKSUM_BYTES = 7, 2


def checked(body: bytes) -> bytes:
    return body + binascii.crc_hqx(body, 0).to_bytes(CHECKSUM_BYTES, "big")


class Line:
    """`serial.Serial`, and a bridge and memory as twofold's at its end. A read does not wait for its timeout.

    sent, heard: what faults may change, for each call of `write` and `read`; they may raise.
    """

    def __init__(self) -> None:
        self.memory = bytearray(CONTENT)
        self.writes = 0
        self.sent: Callable[[bytes], bytes] = bytes
        self.heard: Callable[[bytes], bytes] = bytes
        self._outgoing, self._request, self._answers = b"", b"", b""
        self._dropping = False
        self.at_once = False

    def set_low_latency_mode(self, at_once: bool) -> None:
        self.at_once = at_once

    @property
    def in_waiting(self) -> int:
        return len(self._answers)

    @property
    def out_waiting(self) -> int:
        return len(self._outgoing)

    def write(self, content: bytes) -> None:
        self.writes += 1
        self._outgoing += self.sent(content)

    def read(self, nbytes: int) -> bytes:
        while len(self._answers) < nbytes and (self._outgoing or self._dropping):
            self.wait(0.05)
        found = self.heard(self._answers[:nbytes])
        self._answers = self._answers[nbytes:]
        return found

    def wait(self, _: float) -> None:
        """As long as the runtime waits for silence."""
        if self._outgoing:
            return self._carry()
        if self._dropping:
            self._answers += checked(bytes([Status.REQUEST]))
        self._request, self._dropping = b"", False
        return None

    def _carry(self) -> None:
        self._request += self._outgoing[:BYTES_IN_SILENCE]
        self._outgoing = self._outgoing[BYTES_IN_SILENCE:]
        while len(self._request) >= HEADER_BYTES and not self._dropping:
            opcode, address, words = self._header()
            self._dropping = opcode not in (READ, WRITE) or not 1 <= words <= WORDS_MAX
            end = HEADER_BYTES + (words * WORD_BYTES if opcode == WRITE else 0) + CHECKSUM_BYTES
            if self._dropping or len(self._request) < end:
                break
            request, self._request = self._request[:end], self._request[end:]
            self._answers += checked(self._answer(request, opcode, address, words * WORD_BYTES))

    def _header(self) -> tuple[int, int, int]:
        numbers = int.from_bytes(self._request[1:5], "little"), int.from_bytes(self._request[5:7], "little")
        return self._request[0], *numbers

    def _answer(self, request: bytes, opcode: int, address: int, nbytes: int) -> bytes:
        if checked(request[:-CHECKSUM_BYTES]) != request:
            return bytes([Status.CHECKSUM])
        if address + nbytes > len(self.memory):
            return bytes([Status.SLVERR])
        if opcode == READ:
            return bytes([Status.OKAY]) + self.memory[address : address + nbytes]
        self.memory[address : address + nbytes] = request[HEADER_BYTES:-CHECKSUM_BYTES]
        return bytes([Status.OKAY])


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    clock = SimpleNamespace(sleep=line.wait, monotonic=time.monotonic)
    monkeypatch.setattr(uart_link, "time", clock)
    monkeypatch.setattr(uart_link.serial, "Serial", lambda *_, **__: line)
    return line


@pytest.fixture
def bridge(line: Line) -> uart_link.Bridge:
    return uart_link.Bridge("uart", 2_000_000, 0.5)


def at(call: int, fault: Callable[[bytes], Any]) -> Callable[[bytes], bytes]:
    """`fault` at one call, the first is 0; the others change nothing."""
    left = iter(range(call, -1, -1))
    return lambda content: fault(content) if next(left, None) == 0 else content


def interrupt(_: bytes) -> None:
    """As Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("refusal", [None, NotImplementedError(), ValueError(), AttributeError()])
def test_short_answers_come_at_once_where_the_driver_can(line: Line, refusal: Exception | None) -> None:
    """pyserial has no such method on Windows, and refuses on macOS and for a pseudo-terminal."""
    if refusal is not None:
        line.set_low_latency_mode = interrupted_by(refusal)  # type: ignore[method-assign]
    assert uart_link.Bridge("uart", 2_000_000, 0.5).read(0, 4) == CONTENT[:4]
    assert line.at_once is (refusal is None)


def interrupted_by(error: Exception) -> Callable[[bool], None]:
    def refuse(_: bool) -> None:
        raise error

    return refuse


@pytest.mark.parametrize("call", range(3))
def test_after_an_interrupted_read_the_next_gets_its_own_answer(
    line: Line, bridge: uart_link.Bridge, call: int
) -> None:
    """Before the status is taken, the data, and the checksum."""
    assert bridge.read(0, 4) == CONTENT[:4]
    line.heard = at(call, interrupt)
    with pytest.raises(KeyboardInterrupt):
        bridge.read(4, 4)
    assert bridge.read(8, 4) == CONTENT[8:12]
    assert bridge.read(12, 4) == CONTENT[12:16]


@pytest.mark.parametrize("call", [0, 5])
def test_after_an_interrupted_write_a_read_gets_its_own_answer(
    line: Line, bridge: uart_link.Bridge, call: int
) -> None:
    bridge.read(0, 4)
    line.heard = at(call, interrupt)
    with pytest.raises(KeyboardInterrupt):
        bridge.write(0, CONTENT)
    assert bridge.read(8, 4) == CONTENT[8:12]


def test_what_an_earlier_process_left_is_not_taken(line: Line, bridge: uart_link.Bridge) -> None:
    line.write(uart_link._request(b"R", 0, 1) + b"R")
    assert bridge.read(4, 4) == CONTENT[4:8]


def test_after_half_an_answer_the_next_request_gets_its_own(line: Line, bridge: uart_link.Bridge) -> None:
    """The first half is in time, the second one is not."""
    bridge.read(0, 4)
    line.heard = at(1, lambda content: content[:2])
    assert bridge.read(4, 4) == CONTENT[4:8]
    assert bridge.read(8, 4) == CONTENT[8:12]


@pytest.mark.parametrize("place", [0, 1, 5, 6, 7, 100, 264, 265, 270, 1000, len(CONTENT)])
def test_a_byte_that_a_group_loses_is_sent_again(line: Line, bridge: uart_link.Bridge, place: int) -> None:
    line.memory[:] = bytes(len(CONTENT))
    line.sent = at(0, lambda content: content[:place] + content[place + 1 :])
    bridge.write(0, CONTENT)
    assert line.memory == CONTENT


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("flipped", [0x00, 0x10])
def test_a_byte_of_a_request_that_is_lost_or_wrong_is_sent_again(
    line: Line, bridge: uart_link.Bridge, place: int, flipped: int
) -> None:
    def fault(content: bytes) -> bytes:
        byte = bytes([content[place] ^ flipped]) if flipped else b""
        return content[:place] + byte + content[place + 1 :]

    line.sent = at(0, fault)
    assert bridge.read(4, 4) == CONTENT[4:8]
    assert line.writes == 2


def test_a_wrong_answer_in_a_group_is_asked_for_again(line: Line, bridge: uart_link.Bridge) -> None:
    line.heard = at(4, lambda content: bytes(byte ^ 1 for byte in content))
    bridge.write(0, CONTENT)
    assert bridge.read(0, len(CONTENT)) == CONTENT


def test_an_answer_that_stays_away_is_an_error_at_last(line: Line, bridge: uart_link.Bridge) -> None:
    line.sent = lambda _: b""
    message = "uart: expected 1 bytes of an answer in 0.5 s, found 0; check that the bitstream is loaded"
    with pytest.raises(AcceleratorError, match=message):
        bridge.read(0, 4)
    assert line.writes == uart_link.ATTEMPTS


def test_a_line_that_garbles_everything_is_an_error_at_last(line: Line, bridge: uart_link.Bridge) -> None:
    line.heard = lambda content: bytes(byte ^ 1 for byte in content)
    with pytest.raises(AcceleratorError, match=r"uart: read at 0x4: the checksum was wrong; check the cable"):
        bridge.read(4, 4)
    assert line.writes == uart_link.ATTEMPTS


def test_an_error_of_the_bus_is_named_at_once(line: Line, bridge: uart_link.Bridge) -> None:
    with pytest.raises(AcceleratorError, match=r"read at 0x800: the bus answered SLVERR"):
        bridge.read(len(CONTENT), 4)
    with pytest.raises(AcceleratorError, match=r"write at 0x800: the bus answered SLVERR"):
        bridge.write(0, CONTENT + CONTENT[:4])
    assert line.writes == 3
    assert bridge.read(4, 4) == CONTENT[4:8]


def test_an_unplugged_port_is_an_error(line: Line, bridge: uart_link.Bridge) -> None:
    def unplugged(_: bytes) -> bytes:
        raise OSError("no such device")

    line.heard = unplugged
    with pytest.raises(AcceleratorError, match="uart: expected the board's UART, found no such device"):
        bridge.read(0, 4)
