"""The cores of ours in a block design: how they are packaged, and how they are connected."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.boards.wrapper import AXI4, AXI4_LITE, Shape


@dataclass(frozen=True)
class PackagedCore:
    """A core that package_ip.tcl makes of our Verilog: module `module` in `source`, wrapped as `name`."""

    name: str
    module: str
    source: str
    description: str
    shape: Shape

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The bus interfaces that the packager must find."""
        return ("clk", "rst", *self.shape.interfaces)

    @property
    def vlnv(self) -> str:
        return f"twofold:accelerators:{self.name}:1.0"


@dataclass(frozen=True)
class Accelerator:
    """What a block design needs to know of an accelerator's core.

    registers, memory: its AXI slave and master. space: its address space, as Vivado names it. repository:
    the folder below vivado/ that the core is in.
    """

    vlnv: str
    clock: str
    reset: str
    reset_is_low: bool
    registers: str
    memory: str
    space: str
    repository: str


ENGINE = PackagedCore(
    "twofold_engine",
    "engine",
    "engine.sv",
    "Split-convolution engine",
    Shape({"s_axi": AXI4_LITE, "m_axi": AXI4}),
)
BRIDGE = PackagedCore(
    "twofold_uart_bridge",
    "uart_bridge",
    "uart_bridge.sv",
    "UART to AXI4-Lite bridge",
    Shape({"m_axi": AXI4_LITE}, frozenset({"rx", "tx"})),
)
ENGINE_ACCELERATOR = Accelerator(
    ENGINE.vlnv,
    clock="clk",
    reset="rst",
    reset_is_low=False,
    registers="s_axi",
    memory="m_axi",
    space="m_axi",
    repository="ip_repo",
)
KERNEL = "twofold_kernel"
KERNEL_ACCELERATOR = Accelerator(
    f"twofold:accelerators:{KERNEL}:1.0",
    clock="ap_clk",
    reset="ap_rst_n",
    reset_is_low=True,
    registers="s_axi_control",
    memory="m_axi_gmem",
    space="Data_m_axi_gmem",
    repository="kernel_work/solution1/impl/ip",
)
