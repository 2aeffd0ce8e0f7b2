"""Bench of RegisterBlock with the engine's map: clk, rst, s_axi_*, and a port for each register."""

from __future__ import annotations

import os
import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from twofold.rtl.bus.engine_registers import ENGINE_ID, engine_registers
from twofold.rtl.bus.register_map import Access
from twofold.sim.benches.axi_memory import stalls

MAP = engine_registers(int(os.environ.get("TIN", "16")), int(os.environ.get("TOUT", "16")))
UNMAPPED = (0x64, 0x68, 0x100, 0xFFC)


def port(dut: Any, name: str) -> Any:
    return getattr(dut, name.lower())


async def started(dut: Any, share: float = 0.0) -> AxiLiteMaster:
    Clock(dut.clk, 2, unit="ns").start()
    for register in MAP.registers:
        if register.access is Access.RO:
            port(dut, register.name).value = 0
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
    channels = (
        *(master.write_if.aw_channel, master.write_if.w_channel, master.write_if.b_channel),
        *(master.read_if.ar_channel, master.read_if.r_channel),
    )
    for channel in channels:
        channel.set_pause_generator(stalls(share))
    dut.rst.value = 1
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    return master


@cocotb.test()
async def registers_keep_what_is_written(dut: Any) -> None:
    for share in (0.0, 0.5):
        master = await started(dut, share)
        written = [register for register in MAP.registers if register.access is Access.RW]
        for register in written:
            assert await master.read_dword(register.offset) == register.reset
        values = {register.name: random.getrandbits(register.width) for register in written}
        for register in random.sample(written, len(written)):
            await master.write_dword(register.offset, values[register.name])
        for register in written:
            assert await master.read_dword(register.offset) == values[register.name]
            assert int(port(dut, register.name).value) == values[register.name]


@cocotb.test()
async def strobes_select_bytes(dut: Any) -> None:
    master = await started(dut, 0.3)
    offset = MAP["MODEL_ADDR"].offset
    await master.write_dword(offset, 0x11223344)
    for byte, expected in ((0, 0x112233AA), (1, 0x1122AAAA), (2, 0x11AAAAAA), (3, 0xAAAAAAAA)):
        await master.write(offset + byte, b"\xaa")
        assert await master.read_dword(offset) == expected


@cocotb.test()
async def reads_follow_the_hardware(dut: Any) -> None:
    master = await started(dut, 0.3)
    for _ in range(3):
        for register in MAP.registers:
            if register.access is Access.RO:
                value = random.getrandbits(register.width)
                port(dut, register.name).value = value
                await RisingEdge(dut.clk)
                assert await master.read_dword(register.offset) == value, register.name


@cocotb.test()
async def constants(dut: Any) -> None:
    master = await started(dut)
    assert await master.read_dword(0x00) == ENGINE_ID
    for register in MAP.registers:
        if register.access in (Access.CONSTANT, Access.RO):
            before = await master.read_dword(register.offset)
            assert (await master.write(register.offset, b"\xff" * 4)).resp == AxiResp.OKAY
            assert await master.read_dword(register.offset) == before
        if register.access is Access.CONSTANT:
            assert await master.read_dword(register.offset) == register.reset


@cocotb.test()
async def start_and_abort_are_pulses(dut: Any) -> None:
    master = await started(dut)
    offset = MAP["CONTROL"].offset
    for bits in (1, 2, 3):
        seen = cocotb.start_soon(_pulses(dut, 40))
        await master.write_dword(offset, bits | ~3 & 0xFFFFFFFF)
        assert await seen == [bits]
        assert await master.read_dword(offset) == 0
    seen = cocotb.start_soon(_pulses(dut, 40))
    await master.write(offset + 1, b"\xff")
    assert await seen == [], "a byte without strobe started the engine"


async def _pulses(dut: Any, cycles: int) -> list[int]:
    values = []
    for _ in range(cycles):
        await RisingEdge(dut.clk)
        values.append(int(dut.control.value))
    return [value for value in values if value]


@cocotb.test()
async def unmapped_offsets_are_errors(dut: Any) -> None:
    master = await started(dut, 0.3)
    before = [await master.read_dword(register.offset) for register in MAP.registers]
    for offset in UNMAPPED:
        assert (await master.read(offset, 4)).resp == AxiResp.SLVERR
        assert (await master.write(offset, b"\xff" * 4)).resp == AxiResp.SLVERR
    assert [await master.read_dword(register.offset) for register in MAP.registers] == before


@cocotb.test()
async def address_and_data_come_in_any_order(dut: Any) -> None:
    master = await started(dut)
    offset = MAP["FRAMES"].offset
    for first, second in (("aw_channel", "w_channel"), ("w_channel", "aw_channel")):
        late = getattr(master.write_if, second)
        late.clear_pause_generator()
        getattr(master.write_if, first).clear_pause_generator()
        late.pause = True
        value = random.getrandbits(32)
        task = cocotb.start_soon(master.write_dword(offset, value))
        for _ in range(20):
            await RisingEdge(dut.clk)
            assert not int(dut.s_axi_bvalid.value), "answered half a write"
        late.pause = False
        await task
        assert await master.read_dword(offset) == value


@cocotb.test()
async def answers_in_the_documented_cycles(dut: Any) -> None:
    """A read 2 cycles after its address; a write 2 cycles after address and data."""
    Clock(dut.clk, 2, unit="ns").start()
    for name in ("awvalid", "wvalid", "arvalid"):
        getattr(dut, f"s_axi_{name}").value = 0
    dut.s_axi_bready.value = dut.s_axi_rready.value = dut.rst.value = 1
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    assert await _cycles_to(dut, ("s_axi_arvalid",), dut.s_axi_rvalid) == 2
    assert await _cycles_to(dut, ("s_axi_awvalid", "s_axi_wvalid"), dut.s_axi_bvalid) == 2


async def _cycles_to(dut: Any, valids: tuple[str, ...], answer: Any) -> int:
    for name in valids:
        getattr(dut, name).value = 1
    await RisingEdge(dut.clk)
    for name in valids:
        getattr(dut, name).value = 0
    for cycle in range(1, 100):
        await RisingEdge(dut.clk)
        if int(answer.value):
            return cycle
    raise AssertionError("no answer")
