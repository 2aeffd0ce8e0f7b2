"""A pseudo-terminal at the end of a simulated UART: bytes go both ways."""

from __future__ import annotations

import os
import pty
import select
import tty
from collections import deque
from typing import Any

from cocotb.triggers import ClockCycles, FallingEdge

BITS = 8


class UartLine:
    """clock, rx, tx: signals of the design. divisor: clock cycles of a bit. path: of the terminal to open."""

    def __init__(self, clock: Any, rx: Any, tx: Any, divisor: int):
        self._clock, self._rx, self._tx, self._divisor = clock, rx, tx, divisor
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._rx.value = 1

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    async def listen(self) -> None:
        """From the line to the terminal, for ever."""
        while True:
            await FallingEdge(self._tx)
            await ClockCycles(self._clock, self._divisor + self._divisor // 2)
            byte = 0
            for place in range(BITS):
                byte |= int(self._tx.value) << place
                await ClockCycles(self._clock, self._divisor)
            os.write(self._master, bytes([byte]))

    async def talk(self, idle_cycles: int = 200) -> None:
        """From the terminal to the line, for ever; time goes on while there is nothing to say."""
        waiting: deque[int] = deque()
        while True:
            if select.select([self._master], [], [], 0)[0]:
                waiting.extend(os.read(self._master, 4096))
            if waiting:
                await self._say(waiting.popleft())
            else:
                await ClockCycles(self._clock, idle_cycles)

    async def _say(self, byte: int) -> None:
        for bit in (0, *(byte >> place & 1 for place in range(BITS)), 1):
            self._rx.value = bit
            await ClockCycles(self._clock, self._divisor)
