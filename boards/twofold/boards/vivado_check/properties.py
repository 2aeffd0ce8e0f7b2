"""The cores that our scripts use, and each of their properties that the scripts set, with its documentation.

`docs/vivado.md` shows this table; the model of Vivado refuses what is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

PG082 = "PG082, Processing System 7; each parameter in the core's GUI and UG585"
PG201 = "PG201, Zynq UltraScale+ MPSoC Processing System; each parameter in its tables and UG1085"
PG164 = "PG164, Processor System Reset Module"
PG247 = "PG247, SmartConnect"
PG078 = "PG078, AXI Block RAM Controller"
PG058 = "PG058, Block Memory Generator"
UG1118 = "UG1118, Creating and Packaging Custom IP"
UG1399 = "UG1399, Vitis High-Level Synthesis"

VLNV = {
    "processing_system7": ("xilinx.com:ip:processing_system7:5.5", PG082),
    "zynq_ultra_ps_e": ("xilinx.com:ip:zynq_ultra_ps_e:3.4", PG201),
    "proc_sys_reset": ("xilinx.com:ip:proc_sys_reset:5.0", PG164),
    "smartconnect": ("xilinx.com:ip:smartconnect:1.0", PG247),
    "axi_bram_ctrl": ("xilinx.com:ip:axi_bram_ctrl:4.1", PG078),
    "blk_mem_gen": ("xilinx.com:ip:blk_mem_gen:8.4", PG058),
    "twofold_engine": ("twofold:accelerators:twofold_engine:1.0", UG1118),
    "twofold_uart_bridge": ("twofold:accelerators:twofold_uart_bridge:1.0", UG1118),
    "twofold_kernel": ("twofold:accelerators:twofold_kernel:1.0", UG1399),
}
"""Core → its VLNV, and the document of its ports. Of AMD's cores a newer minor version does as well."""


@dataclass(frozen=True)
class Property:
    """One that the scripts set on a core. name: without CONFIG., `*` stands for anything."""

    core: str
    name: str
    meaning: str
    document: str


PROPERTIES = (
    Property("processing_system7", "preset", "the core's own preset of a board", PG082),
    Property("processing_system7", "PCW_CRYSTAL_PERIPHERAL_FREQMHZ", "the board's oscillator", PG082),
    Property("processing_system7", "PCW_APU_PERIPHERAL_FREQMHZ", "clock of the processors", PG082),
    Property("processing_system7", "PCW_PRESET_BANK?_VOLTAGE", "voltage of the MIO banks", PG082),
    Property("processing_system7", "PCW_UIPARAM_DDR_*", "the DDR chips and their traces", PG082),
    Property("processing_system7", "PCW_QSPI_*", "flash memory", PG082),
    Property("processing_system7", "PCW_SD0_*", "SD card", PG082),
    Property("processing_system7", "PCW_UART?_*", "serial console", PG082),
    Property("processing_system7", "PCW_ENET0_*", "Ethernet", PG082),
    Property("processing_system7", "PCW_USB0_*", "USB", PG082),
    Property("processing_system7", "PCW_GPIO_MIO_GPIO_ENABLE", "GPIO on MIO pins", PG082),
    Property("processing_system7", "PCW_EN_CLK0_PORT", "the pin FCLK_CLK0", PG082),
    Property("processing_system7", "PCW_EN_RST0_PORT", "the pin FCLK_RESET0_N", PG082),
    Property("processing_system7", "PCW_FPGA0_PERIPHERAL_FREQMHZ", "clock of FCLK_CLK0", PG082),
    Property("processing_system7", "PCW_USE_M_AXI_GP0", "the port to the registers", PG082),
    Property("processing_system7", "PCW_USE_S_AXI_HP0", "the port to memory", PG082),
    Property("processing_system7", "PCW_S_AXI_HP0_DATA_WIDTH", "its width", PG082),
    Property("zynq_ultra_ps_e", "PSU_BANK_?_IO_STANDARD", "voltage of the MIO banks", PG201),
    Property("zynq_ultra_ps_e", "PSU__PSS_REF_CLK__FREQMHZ", "the board's oscillator", PG201),
    Property("zynq_ultra_ps_e", "PSU__DDRC__*", "the DDR chips", PG201),
    Property("zynq_ultra_ps_e", "PSU__USE__[MS]_AXI_GP?", "which ports there are", PG201),
    Property("zynq_ultra_ps_e", "PSU__USE__IRQ0", "interrupts from the fabric", PG201),
    Property("zynq_ultra_ps_e", "PSU__MAXIGP0__DATA_WIDTH", "width of the port to the registers", PG201),
    Property("zynq_ultra_ps_e", "PSU__SAXIGP2__DATA_WIDTH", "width of the port to memory", PG201),
    Property("zynq_ultra_ps_e", "PSU__FPGA_PL0_ENABLE", "the pin pl_clk0", PG201),
    Property("zynq_ultra_ps_e", "PSU__CRL_APB__PL0_REF_CTRL__*", "its clock", PG201),
    Property("zynq_ultra_ps_e", "PSU__*", "MIO pins and peripherals, as the board wires them", PG201),
    Property("zynq_ultra_ps_e", "SD?_*", "SD card", PG201),
    Property("smartconnect", "NUM_SI", "masters that it takes", PG247),
    Property("smartconnect", "NUM_MI", "slaves that it reaches", PG247),
    Property("axi_bram_ctrl", "DATA_WIDTH", "bits of a beat", PG078),
    Property("axi_bram_ctrl", "SINGLE_PORT_BRAM", "1: one port of the memory", PG078),
)


def is_known(core: str, name: str) -> bool:
    """Whether the table has a property of a core; name: without CONFIG."""
    return any(row.core == core and fnmatchcase(name, row.name) for row in PROPERTIES)
