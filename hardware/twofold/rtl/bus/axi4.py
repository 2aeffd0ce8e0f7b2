"""AXI4 and AXI4-Lite bundles, named so that a port m_axi has the pins m_axi_araddr, as Vivado expects.

Arm IHI 0022, "AMBA AXI Protocol Specification", AXI4 and AXI4-Lite. All signatures are seen from the
master. Read and write channels are independent in AXI, so the two halves of a master are separate
bundles that `join_halves` puts on one bus.
"""

from __future__ import annotations

from enum import IntEnum

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

BURST_INCR = 1
MAX_BURST = 256
# Normal, non-cacheable, bufferable memory.
CACHE_BUFFERABLE = 0b0011


class Response(IntEnum):
    OKAY = 0
    EXOKAY = 1
    SLVERR = 2
    DECERR = 3


def _address_channel(prefix: str, addr_width: int, id_width: int) -> dict[str, wiring.Member]:
    return {
        f"{prefix}id": Out(id_width),
        f"{prefix}addr": Out(addr_width),
        f"{prefix}len": Out(8),
        f"{prefix}size": Out(3),
        f"{prefix}burst": Out(2),
        f"{prefix}lock": Out(1),
        f"{prefix}cache": Out(4),
        f"{prefix}prot": Out(3),
        f"{prefix}valid": Out(1),
        f"{prefix}ready": In(1),
    }


def axi4_read(addr_width: int = 32, data_width: int = 64, id_width: int = 1) -> wiring.Signature:
    """The AR and R channels of an AXI4 master."""
    return wiring.Signature(
        _address_channel("ar", addr_width, id_width)
        | {
            "rid": In(id_width),
            "rdata": In(data_width),
            "rresp": In(2),
            "rlast": In(1),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def axi4_write(addr_width: int = 32, data_width: int = 64, id_width: int = 1) -> wiring.Signature:
    """The AW, W and B channels of an AXI4 master."""
    return wiring.Signature(
        _address_channel("aw", addr_width, id_width)
        | {
            "wdata": Out(data_width),
            "wstrb": Out(data_width // 8),
            "wlast": Out(1),
            "wvalid": Out(1),
            "wready": In(1),
            "bid": In(id_width),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
        }
    )


def axi4(addr_width: int = 32, data_width: int = 64, id_width: int = 1) -> wiring.Signature:
    """All five channels of an AXI4 master."""
    halves = (axi4_write(addr_width, data_width, id_width), axi4_read(addr_width, data_width, id_width))
    return wiring.Signature({name: member for half in halves for name, member in half.members.items()})


def axi4_lite(addr_width: int = 12, data_width: int = 32) -> wiring.Signature:
    """All five channels of an AXI4-Lite master; a slave's port is `In(axi4_lite())`."""
    return wiring.Signature(
        {
            "awaddr": Out(addr_width),
            "awprot": Out(3),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(data_width),
            "wstrb": Out(data_width // 8),
            "wvalid": Out(1),
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(addr_width),
            "arprot": Out(3),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(data_width),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def join_halves(m: Module, bus: wiring.PureInterface, *halves: wiring.PureInterface) -> None:
    """Connects the bundles of masters to `bus`, an `Out(axi4())` port; each has channels of its own."""
    for half in halves:
        for name, member in half.signature.members.items():
            inner, outer = getattr(half, name), getattr(bus, name)
            m.d.comb += outer.eq(inner) if member.flow is Out else inner.eq(outer)
