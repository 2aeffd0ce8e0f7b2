"""What an accelerator is connected to: one type for each kind of block design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ZynqSystem:
    """Ports of a processing system, by its core's names, and the core's parameters that describe the board.

    registers_port: the AXI master through which software reaches the accelerator. memory_port: the AXI slave
    through which the accelerator reaches memory. memory_segment: Vivado's name of its range of addresses.
    """

    registers_port: str
    memory_port: str
    memory_segment: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Zynq7000(ZynqSystem):
    """The processing_system7 core."""


@dataclass(frozen=True)
class ZynqMpsoc(ZynqSystem):
    """The zynq_ultra_ps_e core."""


@dataclass(frozen=True)
class Fabric:
    """No processor: a UART, the bridge from it to AXI, and a memory built from block RAM.

    clock_pin: the oscillator, whose frequency is the board's clock. reset_pin: active low. receive_pin,
    transmit_pin: of the UART, as the FPGA sees them. baud: bits a second; the clock is a multiple of it.
    """

    clock_pin: str
    reset_pin: str
    receive_pin: str
    transmit_pin: str
    io_standard: str
    baud: int


System = Zynq7000 | ZynqMpsoc | Fabric

KINDS: Mapping[str, type[System]] = {"zynq-7000": Zynq7000, "zynq-mpsoc": ZynqMpsoc, "fabric": Fabric}
"""`system.kind` of a board file → its type."""


def kind_of(system: System) -> str:
    """The name of a system's kind."""
    return next(name for name, kind in KINDS.items() if type(system) is kind)
