"""What the model of Vivado knows of cores: pins, interfaces, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from twofold.boards.vivado_check.properties import VLNV


class Role(Enum):
    """What a pin is for; a net has one source and sinks of its role."""

    CLOCK = auto()
    RESET_LOW = auto()
    RESET_HIGH = auto()
    DATA = auto()


@dataclass(frozen=True)
class Pin:
    role: Role
    source: bool


@dataclass(frozen=True)
class Interface:
    """master: it drives the other side. kind: of the bus; only equal ones are connected."""

    master: bool
    kind: str = "aximm"


@dataclass(frozen=True)
class Core:
    """A kind of cell. name: in the table of properties.

    spaces: address space → where its addresses may lie. segments: full name → most bytes
    that it answers. needs: interface or pin → the parameter that must be 1 for it to exist. externals:
    what the automation makes external.
    """

    name: str
    pins: Mapping[str, Pin]
    interfaces: Mapping[str, Interface]
    spaces: Mapping[str, range] = field(default_factory=dict)
    segments: Mapping[str, int] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    externals: str = ""

    def has_interface(self, name: str, parameters: Mapping[str, str]) -> bool:
        return name in self.interfaces and self._is_on(name, parameters)

    def has_pin(self, name: str, parameters: Mapping[str, str]) -> bool:
        return name in self.pins and self._is_on(name, parameters)

    def _is_on(self, name: str, parameters: Mapping[str, str]) -> bool:
        return name not in self.needs or parameters.get(f"CONFIG.{self.needs[name]}") == "1"


class Interconnect(Core):
    """NUM_SI slaves and NUM_MI masters."""

    def has_interface(self, name: str, parameters: Mapping[str, str]) -> bool:
        counts = {"S": "CONFIG.NUM_SI", "M": "CONFIG.NUM_MI"}
        return name in self.interfaces and int(name[1:3]) < int(parameters.get(counts[name[0]], "0"))


def _source(role: Role) -> Pin:
    return Pin(role, True)


def _sink(role: Role) -> Pin:
    return Pin(role, False)


_ALL = range(1 << 32)
_MASTER, _SLAVE = Interface(True), Interface(False)
_PORTS = 4

ZYNQ_7000 = Core(
    "processing_system7",
    {
        "FCLK_CLK0": _source(Role.CLOCK),
        "FCLK_RESET0_N": _source(Role.RESET_LOW),
        "M_AXI_GP0_ACLK": _sink(Role.CLOCK),
        "S_AXI_HP0_ACLK": _sink(Role.CLOCK),
    },
    {"M_AXI_GP0": _MASTER, "S_AXI_HP0": _SLAVE},
    spaces={"Data": range(0x4000_0000, 0x8000_0000)},
    segments={"S_AXI_HP0/HP0_DDR_LOWOCM": 1 << 30},
    needs={
        "FCLK_CLK0": "PCW_EN_CLK0_PORT",
        "FCLK_RESET0_N": "PCW_EN_RST0_PORT",
        **dict.fromkeys(("M_AXI_GP0", "M_AXI_GP0_ACLK"), "PCW_USE_M_AXI_GP0"),
        **dict.fromkeys(("S_AXI_HP0", "S_AXI_HP0_ACLK"), "PCW_USE_S_AXI_HP0"),
    },
    externals="FIXED_IO, DDR",
)
ZYNQ_MPSOC = Core(
    "zynq_ultra_ps_e",
    {
        "pl_clk0": _source(Role.CLOCK),
        "pl_resetn0": _source(Role.RESET_LOW),
        "maxihpm0_fpd_aclk": _sink(Role.CLOCK),
        "saxihp0_fpd_aclk": _sink(Role.CLOCK),
    },
    {"M_AXI_HPM0_FPD": _MASTER, "S_AXI_HP0_FPD": _SLAVE},
    spaces={"Data": range(0xA000_0000, 0xB000_0000)},
    segments={"SAXIGP2/HP0_DDR_LOW": 1 << 31},
    needs={
        "pl_clk0": "PSU__FPGA_PL0_ENABLE",
        **dict.fromkeys(("M_AXI_HPM0_FPD", "maxihpm0_fpd_aclk"), "PSU__USE__M_AXI_GP0"),
        **dict.fromkeys(("S_AXI_HP0_FPD", "saxihp0_fpd_aclk"), "PSU__USE__S_AXI_GP2"),
    },
)
RESET = Core(
    "proc_sys_reset",
    {
        "slowest_sync_clk": _sink(Role.CLOCK),
        "ext_reset_in": _sink(Role.RESET_LOW),
        "peripheral_reset": _source(Role.RESET_HIGH),
        "peripheral_aresetn": _source(Role.RESET_LOW),
    },
    {},
)
SMARTCONNECT = Interconnect(
    "smartconnect",
    {"aclk": _sink(Role.CLOCK), "aresetn": _sink(Role.RESET_LOW)},
    {f"{side}{place:02}_AXI": Interface(side == "M") for side in ("S", "M") for place in range(_PORTS)},
)
BLOCK_RAM_CONTROLLER = Core(
    "axi_bram_ctrl",
    {"s_axi_aclk": _sink(Role.CLOCK), "s_axi_aresetn": _sink(Role.RESET_LOW)},
    {"S_AXI": _SLAVE, "BRAM_PORTA": Interface(True, "bram")},
    segments={"S_AXI/Mem0": 1 << 32},
)
BLOCK_RAM = Core("blk_mem_gen", {}, {"BRAM_PORTA": Interface(False, "bram")})
ENGINE = Core(
    "twofold_engine",
    {"clk": _sink(Role.CLOCK), "rst": _sink(Role.RESET_HIGH)},
    {"s_axi": _SLAVE, "m_axi": _MASTER},
    spaces={"m_axi": _ALL},
    segments={"s_axi/reg0": 1 << 32},
)
BRIDGE = Core(
    "twofold_uart_bridge",
    {
        "clk": _sink(Role.CLOCK),
        "rst": _sink(Role.RESET_HIGH),
        "rx": _sink(Role.DATA),
        "tx": _source(Role.DATA),
    },
    {"m_axi": _MASTER},
    spaces={"m_axi": _ALL},
)
KERNEL = Core(
    "twofold_kernel",
    {"ap_clk": _sink(Role.CLOCK), "ap_rst_n": _sink(Role.RESET_LOW), "interrupt": _source(Role.DATA)},
    {"s_axi_control": _SLAVE, "m_axi_gmem": _MASTER},
    spaces={"Data_m_axi_gmem": _ALL},
    segments={"s_axi_control/Reg": 1 << 32},
)
CATALOGUE = {
    VLNV[core.name][0]: core
    for core in (ZYNQ_7000, ZYNQ_MPSOC, RESET, SMARTCONNECT, BLOCK_RAM_CONTROLLER, BLOCK_RAM)
}
"""What Vivado itself has."""

OURS = {VLNV[core.name][0]: core for core in (ENGINE, BRIDGE, KERNEL)}
"""What is in the catalogue once it was packaged."""
