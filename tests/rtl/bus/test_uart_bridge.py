"""Requests over the line are AXI4-Lite transfers; broken ones do nothing and are named."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable

import pytest
from amaranth.sim import Simulator

from twofold.rtl.bus.axi4 import Response
from twofold.rtl.bus.uart import UartReceiver, UartTransmitter
from twofold.rtl.bus.uart_bridge import UartBridge
from twofold.rtl.bus.uart_request import READ, WORDS_MAX, WRITE, Status

DIVISOR, PATIENCE = 4, 400
FAULTY = 0x4000


def checked(body: bytes) -> bytes:
    return body + binascii.crc_hqx(body, 0).to_bytes(2, "big")


def request(opcode: int, address: int, count: int, words: Iterable[int] = ()) -> bytes:
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return checked(bytes([opcode]) + address.to_bytes(4, "little") + count.to_bytes(2, "little") + data)


async def send(ctx, line, content: bytes) -> None:
    for byte in content:
        for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
            ctx.set(line, bit)
            await ctx.tick().repeat(DIVISOR)


async def listen(ctx, line, heard: bytearray) -> None:
    while True:
        while ctx.get(line):
            await ctx.tick()
        await ctx.tick().repeat(DIVISOR + DIVISOR // 2)
        byte = 0
        for place in range(8):
            byte |= ctx.get(line) << place
            await ctx.tick().repeat(DIVISOR)
        heard.append(byte)


async def taken(ctx, offered, payload) -> int:
    """The payload of the transfer that takes place once it is offered."""
    while not ctx.get(offered):
        await ctx.tick()
    value = ctx.get(payload)
    await ctx.tick()
    return value


def memory(bus, content: dict[int, int], order: list[str]) -> tuple[Callable, Callable]:
    """A slave of words; addresses from FAULTY on answer SLVERR. order: the transfers, as they came."""

    async def writes(ctx) -> None:
        while True:
            ctx.set(bus.awready, 1)
            address = await taken(ctx, bus.awvalid, bus.awaddr)
            ctx.set(bus.awready, 0)
            ctx.set(bus.wready, 1)
            data = await taken(ctx, bus.wvalid, bus.wdata)
            ctx.set(bus.wready, 0)
            order.append(f"W{address:x}")
            if address < FAULTY:
                content[address] = data
            ctx.set(bus.bresp, Response.OKAY if address < FAULTY else Response.SLVERR)
            ctx.set(bus.bvalid, 1)
            await taken(ctx, bus.bready, bus.bready)
            ctx.set(bus.bvalid, 0)

    async def reads(ctx) -> None:
        while True:
            ctx.set(bus.arready, 1)
            address = await taken(ctx, bus.arvalid, bus.araddr)
            ctx.set(bus.arready, 0)
            order.append(f"R{address:x}")
            await ctx.tick()
            ctx.set(bus.rdata, content.get(address, 0))
            ctx.set(bus.rresp, Response.OKAY if address < FAULTY else Response.SLVERR)
            ctx.set(bus.rvalid, 1)
            await taken(ctx, bus.rready, bus.rready)
            ctx.set(bus.rvalid, 0)

    return writes, reads


def answers(
    sent: bytes, content: dict[int, int], order: list[str], pause: int = 1, then: bytes = b""
) -> bytes:
    """What the bridge says to `sent`, and after `pause` cycles to `then`."""
    bridge, heard = UartBridge(DIVISOR, PATIENCE), bytearray()
    simulator = Simulator(bridge)
    simulator.add_clock(1e-8)

    async def host(ctx) -> None:
        ctx.set(bridge.rx, 1)
        await ctx.tick()
        await send(ctx, bridge.rx, sent)
        await ctx.tick().repeat(pause)
        await send(ctx, bridge.rx, then)
        silence, before = 0, 0
        while silence < PATIENCE + 40 * DIVISOR:
            await ctx.tick()
            silence = 0 if len(heard) != before else silence + 1
            before = len(heard)

    async def ear(ctx) -> None:
        await listen(ctx, bridge.tx, heard)

    simulator.add_testbench(host)
    for process in (ear, *memory(bridge.m_axi, content, order)):
        simulator.add_testbench(process, background=True)
    simulator.run()
    return bytes(heard)


def test_words_are_written_and_read_back() -> None:
    content: dict[int, int] = {}
    words = [0x01020304, 0xFFFFFFFF, 0, 0x80000001]
    sent = request(WRITE, 0x100, 4, words) + request(WRITE, 0x200, 1, [7])
    assert answers(sent, content, []) == 2 * checked(bytes([Status.OKAY]))
    assert content == {0x100 + 4 * place: word for place, word in enumerate(words)} | {0x200: 7}
    data = b"".join(word.to_bytes(4, "little") for word in words)
    assert answers(request(READ, 0x100, 4), content, []) == checked(bytes([Status.OKAY]) + data)


def test_the_longest_request() -> None:
    content: dict[int, int] = {}
    words = [place * 0x01010101 for place in range(WORDS_MAX)]
    assert answers(request(WRITE, 0, WORDS_MAX, words), content, []) == checked(bytes([Status.OKAY]))
    assert list(content.values()) == words


@pytest.mark.parametrize("opcode", [READ, WRITE])
def test_an_error_on_the_bus_is_answered(opcode: int) -> None:
    order: list[str] = []
    words = [1, 2] if opcode == WRITE else []
    sent = request(opcode, FAULTY - 4, 2, words)
    assert answers(sent, {}, order) == checked(bytes([Status.SLVERR]))
    assert order == [f"{chr(opcode)}{address:x}" for address in (FAULTY - 4, FAULTY)]


@pytest.mark.parametrize("place", range(0, 13, 3))
def test_a_flipped_bit_does_nothing(place: int) -> None:
    sent = bytearray(request(WRITE, 0x100, 1, [5]))
    sent[place] ^= 0x10
    order: list[str] = []
    status = answers(bytes(sent), {}, order)[:1]
    assert status in (b"", bytes([Status.CHECKSUM]), bytes([Status.REQUEST]))
    assert order == []


@pytest.mark.parametrize(("opcode", "count"), [(ord("X"), 1), (READ, 0), (READ, WORDS_MAX + 1)])
def test_an_unknown_request_is_answered_after_silence(opcode: int, count: int) -> None:
    order: list[str] = []
    assert answers(request(opcode, 0, count), {}, order) == checked(bytes([Status.REQUEST]))
    assert order == []


@pytest.mark.parametrize("length", [1, 7, 9, 12])
def test_after_half_a_request_and_silence_the_next_is_answered(length: int) -> None:
    content: dict[int, int] = {}
    half = request(WRITE, 0x100, 1, [5])[:length]
    whole = request(WRITE, 0x104, 1, [6])
    assert answers(half, content, [], PATIENCE + 10, whole) == checked(bytes([Status.OKAY]))
    assert content == {0x104: 6}


@pytest.mark.parametrize("part", [UartReceiver, UartTransmitter])
def test_too_few_cycles_a_bit_are_refused(part: type) -> None:
    with pytest.raises(ValueError, match="divisor: expected at least 4 clock cycles a bit, got 3"):
        part(3)
