"""A master that breaks a rule of AXI4's bursts is a failure, whichever rule it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.bus.axi4 import BURST_INCR, axi4, axi4_lite
from twofold.rtl.geometry import Geometry
from twofold.rtl.verilog import to_verilog
from twofold.sim.bulk import library as built
from twofold.sim.bulk.library import EngineLibrary, build_library
from twofold.sim.bulk.model import EngineModel
from twofold.sim.cocotb_runner import SimulationError
from twofold.sim.engine import TOP

BURST = data.StructLayout({"address": 16, "len": 4, "size": 3, "burst": 2, "last": 4, "writes": 3})
LINE = 4096
WAITED = 1000


class AnyBurst(wiring.Component):
    """In place of an engine: each word that the host writes, a BURST, is a burst that it asks for. What the
    host reads is 1 while that is under way. WLAST comes with beat `last`."""

    def __init__(self) -> None:
        super().__init__({"s_axi": In(axi4_lite()), "m_axi": Out(axi4())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        host, bus = self.s_axi, self.m_axi
        asked, beat = Signal(BURST), Signal(5)
        address, words = Signal(), Signal()
        m.d.comb += [
            host.awready.eq(1),
            host.wready.eq(1),
            host.arready.eq(1),
            host.rdata.eq(address | words),
        ]
        for prefix, is_write in (("ar", 0), ("aw", 1)):
            m.d.comb += [
                getattr(bus, f"{prefix}valid").eq(address & (asked.writes == is_write)),
                *(getattr(bus, f"{prefix}{name}").eq(asked[field]) for name, field in FIELDS.items()),
            ]
        m.d.comb += [
            *(bus.rready.eq(1), bus.bready.eq(1), bus.wvalid.eq(words), bus.wstrb.eq(0xFF)),
            bus.wlast.eq(beat == asked.last),
        ]
        with m.If(Mux(asked.writes, bus.awready, bus.arready)):
            m.d.sync += address.eq(0)
        with m.If(words & bus.wready):
            m.d.sync += [beat.eq(beat + 1), words.eq(beat != asked.len)]
        with m.If(host.bready):
            m.d.sync += host.bvalid.eq(0)
        with m.If(host.rready):
            m.d.sync += host.rvalid.eq(0)
        with m.If(host.arvalid):
            m.d.sync += host.rvalid.eq(1)
        with m.If(host.wvalid):
            m.d.sync += [host.bvalid.eq(1), asked.eq(host.wdata), address.eq(1), beat.eq(0)]
            m.d.sync += words.eq(BURST(host.wdata).writes != 0)
        return m


FIELDS = {"addr": "address", "len": "len", "size": "size", "burst": "burst"}


@dataclass(frozen=True)
class Burst:
    """beats: asked for. last: the beat that WLAST comes with, the burst's own if None."""

    address: int = 0
    beats: int = 4
    size: int = 3
    burst: int = BURST_INCR
    last: int | None = None

    def word(self, *, writes: bool) -> int:
        last = self.beats - 1 if self.last is None else self.last
        fields = {"address": self.address, "len": self.beats - 1, "size": self.size, "burst": self.burst}
        return int(BURST.const({**fields, "last": last, "writes": writes}).as_value().value)


@pytest.fixture(scope="module")
def any_burst(tmp_path_factory: pytest.TempPathFactory) -> EngineLibrary:
    source = tmp_path_factory.mktemp("master") / f"{TOP}.v"
    to_verilog(AnyBurst(), TOP, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(built, "engine_verilog", lambda _: source.read_text())
        return build_library(Geometry(), Path("build/engine"), optimise="-O0")


def ask(library: EngineLibrary, burst: Burst, *, writes: bool) -> int:
    with EngineModel(library, np.zeros(2 * LINE, np.uint8)) as model:
        model.write("CONTROL", burst.word(writes=writes))
        return model.wait("STATUS", 1, WAITED)


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("burst", [Burst(), Burst(beats=1), Burst(LINE - 32), Burst(LINE)], ids=str)
def test_bursts_that_keep_to_the_rules(burst: Burst, writes: bool, any_burst: EngineLibrary) -> None:
    assert ask(any_burst, burst, writes=writes) == 0


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize(
    ("burst", "rule"),
    [
        (Burst(LINE - 24), "burst across a 4 KiB boundary"),
        (Burst(LINE - 8, beats=2), "burst across a 4 KiB boundary"),
        (Burst(size=2), "that is not INCR of 8 bytes a beat"),
        (Burst(burst=0), "that is not INCR of 8 bytes a beat"),
        (Burst(burst=2), "that is not INCR of 8 bytes a beat"),
    ],
    ids=str,
)
def test_a_wrong_burst_is_a_failure(burst: Burst, rule: str, writes: bool, any_burst: EngineLibrary) -> None:
    kind = "write" if writes else "read"
    with pytest.raises(SimulationError, match=rf"^the engine's AXI4 master: a {kind} {rule} in cycle \d+$"):
        ask(any_burst, burst, writes=writes)


@pytest.mark.parametrize("last", [0, 2, 4])
def test_an_end_of_burst_at_another_beat_is_a_failure(last: int, any_burst: EngineLibrary) -> None:
    with pytest.raises(SimulationError, match=r"WLAST at another beat than the last of its burst in cycle"):
        ask(any_burst, Burst(last=last), writes=True)
