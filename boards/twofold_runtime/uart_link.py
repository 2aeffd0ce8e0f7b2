"""An accelerator at the end of a UART, behind twofold's bridge (`twofold.rtl.bus.uart_bridge`)."""

from __future__ import annotations

import binascii
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import serial

from twofold_runtime.bundle import Bundle
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.links import Buffer, Link, check_address

WORDS_MAX = 64
WORD_BYTES = 4
PAGE = 64
ATTEMPTS = 3
IN_FLIGHT = 8
"""Requests that are sent before the first is answered."""
SILENCE_SECONDS = 0.05
"""After which the bridge has dropped half a request, and has answered a whole one."""

_CHECKSUM_BYTES = 2
_OKAY, _CHECKSUM, _REQUEST = 0, 4, 5
_STATUS = {
    2: "the bus answered SLVERR: nothing of that kind is there",
    3: "the bus answered DECERR: nothing is at that address",
    _CHECKSUM: "the checksum was wrong; check the cable, or lower the baud",
    _REQUEST: "the bridge does not know the request; bitstream and runtime are of different versions",
}


class GarbledError(AcceleratorError):
    """A request or its answer that did not come through as it was sent; another attempt may help."""


class UartBuffer(Buffer):
    def __init__(self, bridge: Bridge, address: int, nbytes: int):
        self._bridge, self.address, self.nbytes = bridge, address, nbytes

    def put(self, content: np.ndarray) -> None:
        self._bridge.write(self.address, content.tobytes())

    def get(self, nbytes: int) -> np.ndarray:
        return np.frombuffer(self._bridge.read(self.address, nbytes), np.uint8).copy()


class UartLink(Link):
    """port: of the operating system, such as /dev/ttyUSB1. timeout: seconds that an answer may take."""

    def __init__(self, bundle: Bundle, port: str, timeout: float):
        manifest = bundle.manifest
        self._memory, self._registers = manifest["memory"], manifest["registers"]
        self._next = self._memory["base"]
        self._bridge = Bridge(port, manifest["baud"], timeout)

    def read(self, offset: int) -> int:
        return int.from_bytes(self._bridge.read(self._registers["base"] + offset, WORD_BYTES), "little")

    def write(self, offset: int, value: int) -> None:
        self._bridge.write(self._registers["base"] + offset, value.to_bytes(WORD_BYTES, "little"))

    def buffer(self, nbytes: int) -> UartBuffer:
        check_address(self._next, nbytes, self._memory)
        buffer = UartBuffer(self._bridge, self._next, nbytes)
        self._next += -(-nbytes // PAGE) * PAGE
        return buffer

    def room(self) -> int:
        return self._memory["base"] + self._memory["bytes"] - self._next

    @contextmanager
    def temporary(self) -> Iterator[None]:
        before = self._next
        try:
            yield
        finally:
            self._next = before

    def close(self) -> None:
        self._bridge.close()


class Bridge:
    """Reads and writes of bytes at multiples of 4. Threads may share it: an exchange is not interrupted.

    After one that broke off, by Ctrl-C or an error, the next begins with a silent line.
    """

    def __init__(self, port: str, baud: int, timeout: float):
        try:
            self._serial: Any = serial.Serial(port, baud, timeout=timeout, write_timeout=timeout)
        except (OSError, ValueError) as error:
            raise AcceleratorError(f"port {port}: expected the board's UART, found {error}") from error
        _answer_at_once(self._serial)
        self._port, self._timeout = port, timeout
        self._line = threading.Lock()
        self._unfinished = True  # whatever an earlier process left

    def read(self, address: int, nbytes: int) -> bytes:
        parts = []
        for first in range(0, nbytes, WORDS_MAX * WORD_BYTES):
            words = -(-min(nbytes - first, WORDS_MAX * WORD_BYTES) // WORD_BYTES)
            parts.append(self._repeated(_request(b"R", address + first, words), words * WORD_BYTES))
        return b"".join(parts)[:nbytes]

    def write(self, address: int, content: bytes) -> None:
        """Sends several requests before it waits for answers; those that went wrong are sent again."""
        size = WORDS_MAX * WORD_BYTES
        padded = content + bytes(-len(content) % WORD_BYTES)
        requests = [
            _request(b"W", address + first, len(part) // WORD_BYTES, part)
            for first, part in (
                (place, padded[place : place + size]) for place in range(0, len(padded), size)
            )
        ]
        for first in range(0, len(requests), IN_FLIGHT):
            group = requests[first : first + IN_FLIGHT]
            if len(group) > 1:
                with suppress(GarbledError):
                    self._exchanged(group, 0)
                    continue
            for request in group:
                self._repeated(request, 0)

    def close(self) -> None:
        self._serial.close()

    def _repeated(self, request: bytes, nbytes: int) -> bytes:
        """The answer's data. Raises AcceleratorError if it did not go well, at last."""
        for _ in range(ATTEMPTS - 1):
            with suppress(GarbledError):
                return self._exchanged([request], nbytes)
        return self._exchanged([request], nbytes)

    def _exchanged(self, requests: list[bytes], nbytes: int) -> bytes:
        """Sends all, then takes their answers; the last one's data."""
        with self._line, self._port_errors():
            if self._unfinished:
                self._resynchronise()
            self._unfinished = True
            self._serial.write(b"".join(requests))
            for request in requests:
                data = self._answer(request, nbytes)
            self._unfinished = False
        return data

    def _answer(self, request: bytes, nbytes: int) -> bytes:
        """The answer's data; a wrong checksum of the answer counts as one of the request."""
        status = self._take(1)
        data = self._take(nbytes) if status[0] == _OKAY else b""
        right = self._take(_CHECKSUM_BYTES) == _checksum(status + data)
        code = status[0] if right else _CHECKSUM
        if code == _OKAY:
            return data
        kind, address = chr(request[0]), int.from_bytes(request[1:5], "little")
        error = GarbledError if code in (_CHECKSUM, _REQUEST) else AcceleratorError
        raise error(
            f"{self._port}: {'read' if kind == 'R' else 'write'} at {address:#x}: "
            f"{_STATUS.get(code, f'status {code}')}"
        )

    def _take(self, nbytes: int) -> bytes:
        found = self._serial.read(nbytes)
        if len(found) != nbytes:
            raise GarbledError(
                f"{self._port}: expected {nbytes} bytes of an answer in {self._timeout:g} s, found "
                f"{len(found)}; check that the bitstream is loaded and that this is the board's UART"
            )
        return found

    def _resynchronise(self) -> None:
        """Lets the bridge drop what it has of a request, and drops what it says until it is silent."""
        deadline, heard = time.monotonic() + self._timeout, True
        while heard and time.monotonic() < deadline:
            sending = self._serial.out_waiting > 0
            time.sleep(SILENCE_SECONDS)
            heard = len(self._serial.read(self._serial.in_waiting)) > 0 or sending

    @contextmanager
    def _port_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # serial's exceptions are such
            raise AcceleratorError(f"{self._port}: expected the board's UART, found {error}") from error


def _answer_at_once(port: Any) -> None:
    """Boards have FTDI's chips, which keep a short answer for 16 ms; Linux alone lets a program end that."""
    with suppress(AttributeError, NotImplementedError, OSError, ValueError):
        port.set_low_latency_mode(True)


def _request(opcode: bytes, address: int, words: int, content: bytes = b"") -> bytes:
    body = opcode + address.to_bytes(4, "little") + words.to_bytes(2, "little") + content
    return body + _checksum(body)


def _checksum(content: bytes) -> bytes:
    return binascii.crc_hqx(content, 0).to_bytes(_CHECKSUM_BYTES, "big")
