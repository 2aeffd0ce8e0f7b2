"""A block design: cells, their pins, nets and addresses, and what makes it valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from twofold.boards.vivado_check.tcl import TclError


class Role(Enum):
    """What a pin is for; a net has one source and sinks of its role."""

    CLOCK = auto()
    RESET_LOW = auto()
    RESET_HIGH = auto()


@dataclass(frozen=True)
class Pin:
    role: Role
    source: bool


@dataclass(frozen=True)
class Core:
    """A kind of cell. interfaces: name → True for an AXI master. spaces, segments: of addresses.

    needs: interface → the parameter that must be 1 for the interface and its clock to exist.
    """

    pins: Mapping[str, Pin]
    interfaces: Mapping[str, bool]
    spaces: Sequence[str] = ()
    segments: Sequence[str] = ()
    needs: Mapping[str, str] = field(default_factory=dict)


def _source(role: Role) -> Pin:
    return Pin(role, True)


def _sink(role: Role) -> Pin:
    return Pin(role, False)


_INTERCONNECT = Core(
    {"aclk": _sink(Role.CLOCK), "aresetn": _sink(Role.RESET_LOW)}, {"S00_AXI": False, "M00_AXI": True}
)
CATALOGUE: Mapping[str, Core] = {
    "xilinx.com:ip:processing_system7:5.5": Core(
        {
            "FCLK_CLK0": _source(Role.CLOCK),
            "FCLK_RESET0_N": _source(Role.RESET_LOW),
            "M_AXI_GP0_ACLK": _sink(Role.CLOCK),
            "S_AXI_HP0_ACLK": _sink(Role.CLOCK),
        },
        {"M_AXI_GP0": True, "S_AXI_HP0": False},
        spaces=("Data",),
        segments=("S_AXI_HP0/HP0_DDR_LOWOCM",),
        needs={"M_AXI_GP0": "CONFIG.PCW_USE_M_AXI_GP0", "S_AXI_HP0": "CONFIG.PCW_USE_S_AXI_HP0"},
    ),
    "xilinx.com:ip:proc_sys_reset:5.0": Core(
        {
            "slowest_sync_clk": _sink(Role.CLOCK),
            "ext_reset_in": _sink(Role.RESET_LOW),
            "peripheral_reset": _source(Role.RESET_HIGH),
            "peripheral_aresetn": _source(Role.RESET_LOW),
        },
        {},
    ),
    "xilinx.com:ip:smartconnect:1.0": _INTERCONNECT,
}
PACKAGED_ENGINE = Core(
    {"clk": _sink(Role.CLOCK), "rst": _sink(Role.RESET_HIGH)},
    {"s_axi": False, "m_axi": True},
    spaces=("m_axi",),
    segments=("s_axi/reg0",),
)


@dataclass
class BlockDesign:
    """What has been created, connected and assigned so far. Names are cell/pin as in Vivado."""

    name: str
    cells: dict[str, Core] = field(default_factory=dict)
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    connected: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    external: bool = False
    valid: bool = False

    def add(self, name: str, core: Core) -> None:
        if name in self.cells:
            raise TclError(f"create_bd_cell: a cell {name} exists")
        self.cells[name], self.parameters[name], self.valid = core, {}, False

    def pin(self, path: str) -> Pin:
        cell, _, name = path.partition("/")
        core = self._core(cell)
        needed = core.needs.get(name.removesuffix("_ACLK"))
        if name not in core.pins or (needed and self.parameters[cell].get(needed) != "1"):
            raise TclError(f"get_bd_pins: no pin matches {path}")
        return core.pins[name]

    def is_master(self, path: str) -> bool:
        cell, _, name = path.partition("/")
        core = self._core(cell)
        needed = core.needs.get(name)
        if name not in core.interfaces or (needed and self.parameters[cell].get(needed) != "1"):
            raise TclError(f"get_bd_intf_pins: no interface pin matches {path}")
        return core.interfaces[name]

    def space(self, path: str) -> str:
        cell, _, name = path.partition("/")
        if name not in self._core(cell).spaces:
            raise TclError(f"get_bd_addr_spaces: no address space matches {path}")
        return path

    def segment(self, path: str) -> str:
        cell, _, name = path.partition("/")
        for segment in self._core(cell).segments:
            if name in (segment, f"{segment.partition('/')[0]}/*"):
                return f"{cell}/{segment}"
        raise TclError(f"get_bd_addr_segs: no address segment matches {path}")

    def connect(self, paths: Sequence[str]) -> None:
        """A net. Raises TclError unless one source drives sinks of its role, all of them unconnected."""
        pins = {path: self.pin(path) for path in paths}
        self._join(paths, [path for path, pin in pins.items() if pin.source])
        roles = {pin.role for pin in pins.values()}
        if len(roles) != 1:
            raise TclError(f"connect_bd_net: pins of different kinds, {list(paths)}")

    def connect_interfaces(self, paths: Sequence[str]) -> None:
        self._join(paths, [path for path in paths if self.is_master(path)])

    def assign(self, space: str, segment: str, offset: int, size: int) -> None:
        """Raises TclError for a size that is no power of two from 4 KiB, or an offset that is not aligned."""
        if size < 4096 or size & (size - 1) or offset % size or offset + size > 1 << 32:
            raise TclError(f"assign_bd_address: {offset:#x} and {size:#x} are no aligned range")
        if space.endswith("/Data") and not 0x4000_0000 <= offset < 0x8000_0000:
            raise TclError(f"assign_bd_address: {offset:#x} is not an address of M_AXI_GP0")
        self.addresses[space] = segment

    def validate(self) -> None:
        """Raises TclError naming the first thing that is open."""
        open_pins = [path for path in self._all_paths() if path not in self.connected]
        if open_pins:
            raise TclError(f"validate_bd_design: {open_pins[0]} is not connected")
        spaces = [f"{cell}/{space}" for cell, core in self.cells.items() for space in core.spaces]
        unassigned = [space for space in spaces if space not in self.addresses]
        if unassigned:
            raise TclError(f"validate_bd_design: {unassigned[0]} reaches no address")
        if not self.external:
            raise TclError("validate_bd_design: DDR and FIXED_IO are not external")
        self.valid = True

    def _core(self, cell: str) -> Core:
        if cell not in self.cells:
            raise TclError(f"get_bd_cells: no cell matches {cell}")
        return self.cells[cell]

    def _join(self, paths: Sequence[str], sources: Sequence[str]) -> None:
        taken = [path for path in paths if path in self.connected]
        if taken or len(sources) != 1 or len(set(paths)) != len(paths):
            raise TclError(
                f"connect: expected one source and open sinks, found {list(paths)}, connected {taken}"
            )
        self.connected.update(dict.fromkeys(paths, sources[0]))
        self.valid = False

    def _all_paths(self) -> list[str]:
        """Every sink and every interface; sources may stay open."""
        paths = []
        for cell, core in self.cells.items():
            paths += [f"{cell}/{name}" for name, pin in core.pins.items() if not pin.source]
            paths += [f"{cell}/{name}" for name in core.interfaces]
        return paths
