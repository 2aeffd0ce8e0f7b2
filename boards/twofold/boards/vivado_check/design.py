"""A block design: cells, their pins, ports, nets and addresses, and what makes it valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twofold.boards.vivado_check.cores import Core, Pin, Role
from twofold.boards.vivado_check.properties import is_known
from twofold.boards.vivado_check.tcl import TclError

_LEAST_RANGE = 4096


@dataclass(frozen=True)
class Assigned:
    """A range of an address space, and the segment that answers it."""

    segment: str
    range: range


@dataclass
class BlockDesign:
    """What has been created, connected and assigned so far. Names are cell/pin as in Vivado, or a port's."""

    name: str
    cells: dict[str, Core] = field(default_factory=dict)
    ports: dict[str, Pin] = field(default_factory=dict)
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, list[Assigned]] = field(default_factory=dict)
    external: set[str] = field(default_factory=set)
    valid: bool = False

    def add(self, name: str, core: Core) -> None:
        if name in self.cells or name in self.ports:
            raise TclError(f"create_bd_cell: a cell or port {name} exists")
        self.cells[name], self.parameters[name], self.valid = core, {}, False

    def add_port(self, name: str, pin: Pin) -> None:
        """pin: as the design sees it; an input port is a source."""
        if name in self.cells or name in self.ports:
            raise TclError(f"create_bd_port: a cell or port {name} exists")
        self.ports[name], self.parameters[name], self.valid = pin, {}, False

    def configure(self, name: str, parameter: str, value: str) -> None:
        """Raises TclError for a property of a core that our table of them does not have."""
        core = self.cells.get(name)
        if core is not None and not is_known(core.name, parameter.removeprefix("CONFIG.")):
            raise TclError(f"set_property: {core.name} has no documented property {parameter}")
        if parameter == "CONFIG.POLARITY" and name in self.ports:
            role = {"ACTIVE_LOW": Role.RESET_LOW, "ACTIVE_HIGH": Role.RESET_HIGH}[value]
            self.ports[name] = Pin(role, self.ports[name].source)
        self.parameters[name][parameter], self.valid = value, False

    def pin(self, path: str) -> Pin:
        if path in self.ports:
            return self.ports[path]
        cell, _, name = path.partition("/")
        if not self._core(cell).has_pin(name, self.parameters[cell]):
            raise TclError(f"get_bd_pins: no pin matches {path}")
        return self._core(cell).pins[name]

    def interface(self, path: str) -> str:
        cell, _, name = path.partition("/")
        if not self._core(cell).has_interface(name, self.parameters[cell]):
            raise TclError(f"get_bd_intf_pins: no interface pin matches {path}")
        return path

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
        """A net, or more sinks of one. Raises TclError unless one source drives open sinks of its role."""
        pins = {path: self.pin(path) for path in paths}
        self._join(paths, [path for path, pin in pins.items() if pin.source])
        if len({pin.role for pin in pins.values()}) != 1:
            raise TclError(f"connect_bd_net: pins of different kinds, {list(paths)}")

    def connect_interfaces(self, paths: Sequence[str]) -> None:
        found = {
            path: self._core(path.partition("/")[0]).interfaces[path.partition("/")[2]] for path in paths
        }
        masters = [path for path, interface in found.items() if interface.master]
        if masters and masters[0] in self.drivers.values():
            raise TclError(f"connect_bd_intf_net: {masters[0]} is connected")
        self._join(paths, masters)
        if len({interface.kind for interface in found.values()}) != 1:
            raise TclError(f"connect_bd_intf_net: interfaces of different kinds, {list(paths)}")

    def assign(self, space: str, segment: str, offset: int, size: int) -> None:
        """Raises TclError for a range that is not aligned, not the space's, too large, or taken."""
        cell, _, name = space.partition("/")
        if size < _LEAST_RANGE or size & (size - 1) or offset % size:
            raise TclError(f"assign_bd_address: {offset:#x} and {size:#x} are no aligned range")
        wanted, allowed = range(offset, offset + size), self._core(cell).spaces[name]
        if wanted[0] not in allowed or wanted[-1] not in allowed:
            raise TclError(f"assign_bd_address: {offset:#x} is not an address of {space}")
        owner, _, rest = segment.partition("/")
        if size > self._core(owner).segments[rest]:
            raise TclError(f"assign_bd_address: {segment} has no {size:#x} bytes")
        for other in self.addresses.setdefault(space, []):
            if wanted[0] <= other.range[-1] and other.range[0] <= wanted[-1]:
                raise TclError(f"assign_bd_address: {segment} overlaps {other.segment} in {space}")
        self.addresses[space].append(Assigned(segment, wanted))

    def validate(self) -> None:
        """Raises TclError naming the first thing that is open."""
        taken = set(self.drivers) | set(self.drivers.values())
        open_paths = [path for path in self._all_paths() if path not in taken]
        if open_paths:
            raise TclError(f"validate_bd_design: {open_paths[0]} is not connected")
        for cell, core in self.cells.items():
            for space in core.spaces:
                self._check_space(f"{cell}/{space}")
            if core.externals and cell not in self.external:
                raise TclError(f"validate_bd_design: {core.externals} are not external")
        self.valid = True

    def _check_space(self, space: str) -> None:
        """Every address segment that is wired to the space's master has an address, and no other one."""
        master = self._master_of(space)
        reached = set(self._segments_behind(master))
        assigned = {one.segment for one in self.addresses.get(space, [])}
        if reached != assigned:
            raise TclError(
                f"validate_bd_design: {space} reaches {sorted(reached)}, addresses are assigned to "
                f"{sorted(assigned)}"
            )

    def _master_of(self, space: str) -> str:
        cell = space.partition("/")[0]
        masters = [name for name, interface in self.cells[cell].interfaces.items() if interface.master]
        return f"{cell}/{masters[0]}"

    def _segments_behind(self, master: str) -> list[str]:
        slaves = [path for path, driver in self.drivers.items() if driver == master and path != master]
        found: list[str] = []
        for slave in slaves:
            cell = slave.partition("/")[0]
            core = self.cells[cell]
            if core.segments:
                found += [f"{cell}/{segment}" for segment in core.segments]
            else:
                outputs = [name for name, interface in core.interfaces.items() if interface.master]
                found += [one for name in outputs for one in self._segments_behind(f"{cell}/{name}")]
        return found

    def _core(self, cell: str) -> Core:
        if cell not in self.cells:
            raise TclError(f"get_bd_cells: no cell matches {cell}")
        return self.cells[cell]

    def _join(self, paths: Sequence[str], sources: Sequence[str]) -> None:
        sinks = [path for path in paths if path not in sources]
        taken = [path for path in sinks if path in self.drivers]
        if taken or len(sources) != 1 or not sinks or len(set(paths)) != len(paths):
            raise TclError(
                f"connect: expected one source and open sinks, found {list(paths)}, connected {taken}"
            )
        self.drivers.update(dict.fromkeys(sinks, sources[0]))
        self.valid = False

    def _all_paths(self) -> list[str]:
        """Every sink, every interface and every port; other sources may stay open."""
        paths = list(self.ports)
        for cell, core in self.cells.items():
            parameters = self.parameters[cell]
            paths += [f"{cell}/{name}" for name, pin in core.pins.items() if not pin.source]
            paths += [f"{cell}/{name}" for name in core.interfaces if core.has_interface(name, parameters)]
        return paths
