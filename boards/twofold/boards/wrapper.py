"""A plain Verilog top level around a core, with the interfaces' names that Vivado's packager reads.

The cores are SystemVerilog, which Vivado does not take as the top of a packaged core. Attributes:
AMD UG1118, "Creating and Packaging Custom IP", and UG994.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.errors import UserError
from twofold.rtl.bus.bursts import BURST_BEATS, OUTSTANDING

_PORT = re.compile(
    r"^\s*(input|output)\s+(?:wire\s+|reg\s+|logic\s+)?(?:\[(\d+):0\]\s*)?(\w+)\s*;", re.MULTILINE
)
_AXI = "xilinx.com:interface:aximm:1.0"
_ADDRESS_SIGNALS = ("ADDR", "PROT", "VALID", "READY")
_LITE_SIGNALS = frozenset(
    {f"{channel}{signal}" for channel in ("AW", "AR") for signal in _ADDRESS_SIGNALS}
    | {
        *("WDATA", "WSTRB", "WVALID", "WREADY", "BRESP", "BVALID", "BREADY"),
        *("RDATA", "RRESP", "RVALID", "RREADY"),
    }
)
_SIGNALS = _LITE_SIGNALS | {
    *(
        f"{channel}{signal}"
        for channel in ("AW", "AR")
        for signal in ("ID", "LEN", "SIZE", "BURST", "LOCK", "CACHE")
    ),
    *("WLAST", "BID", "RID", "RLAST"),
}
_CLOCK, _RESET = "clk", "rst"


@dataclass(frozen=True)
class Interface:
    """signals: all that it has. metadata: by which SmartConnect chooses its logic (AMD PG247, UG994)."""

    signals: frozenset[str]
    metadata: Mapping[str, str]


AXI4_LITE = Interface(_LITE_SIGNALS, {"PROTOCOL": "AXI4LITE"})
AXI4 = Interface(
    _SIGNALS,
    {
        "PROTOCOL": "AXI4",
        "SUPPORTS_NARROW_BURST": "0",
        "MAX_BURST_LENGTH": str(BURST_BEATS),
        "NUM_READ_OUTSTANDING": str(OUTSTANDING),
        "NUM_WRITE_OUTSTANDING": str(OUTSTANDING),
    },
)
"""As of our DMAs."""


@dataclass(frozen=True)
class Port:
    name: str
    direction: str
    width: int


@dataclass(frozen=True)
class Shape:
    """The ports that a core must have besides clk and rst: AXI interfaces, and others."""

    interfaces: Mapping[str, Interface]
    others: frozenset[str] = frozenset()


def module_ports(verilog: str, module: str, shape: Shape) -> tuple[Port, ...]:
    """The ports of `module` as Yosys declares them. Raises UserError if they are not those of `shape`."""
    found = re.search(
        rf"^module {re.escape(module)}\s*\((.*?)\);(.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise UserError(f"expected Verilog with a module {module}, found none")
    # Functions in the module declare inputs of their own.
    listed = {name.strip() for name in found[1].split(",")}
    declared = _PORT.findall(found[2])
    ports = tuple(Port(name, way, int(high or 0) + 1) for way, high, name in declared if name in listed)
    _check_complete(module, {port.name for port in ports}, shape)
    return ports


def wrapper(top: str, module: str, ports: Sequence[Port], shape: Shape) -> str:
    """Verilog of `top`, which has the ports of `module` and nothing else in it."""
    first = {_bus(port.name, shape): port.name for port in reversed(ports)}.values()
    declarations = ",\n".join(
        f"{_attributes(port.name, shape, port.name in first)}  {_declaration(port)}" for port in ports
    )
    connections = ",\n".join(f"    .{port.name}({port.name})" for port in ports)
    return f"module {top} (\n{declarations}\n);\n  {module} core (\n{connections}\n  );\nendmodule\n"


def _check_complete(module: str, found: set[str], shape: Shape) -> None:
    expected = {f"{bus}_{name.lower()}" for bus, kind in shape.interfaces.items() for name in kind.signals}
    expected |= {_CLOCK, _RESET, *shape.others}
    buses = ", ".join(f"{bus}_*" for bus in shape.interfaces)
    for problem, names in (("missing", expected - found), ("unknown", found - expected)):
        if names:
            others = "".join(f", {name}" for name in sorted(shape.others))
            raise UserError(
                f"module {module}: {problem} port {min(names)}; expected clk, rst{others} and {buses}"
            )


def _attributes(name: str, shape: Shape, first: bool) -> str:
    """first: of its interface's ports, the one that has the interface's metadata."""
    if name in shape.others:
        return ""
    if name == _CLOCK:
        return _written(
            'X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 clk CLK"',
            f'X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF {":".join(shape.interfaces)}, ASSOCIATED_RESET rst"',
        )
    if name == _RESET:
        return _written(
            'X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 rst RST"',
            'X_INTERFACE_PARAMETER = "POLARITY ACTIVE_HIGH"',
        )
    bus = _bus(name, shape)
    info = f'X_INTERFACE_INFO = "{_AXI} {bus} {name.removeprefix(f"{bus}_").upper()}"'
    if not first:
        return _written(info)
    words = ", ".join(f"{key} {value}" for key, value in shape.interfaces[bus].metadata.items())
    return _written(info, f'X_INTERFACE_PARAMETER = "XIL_INTERFACENAME {bus}, {words}"')


def _bus(name: str, shape: Shape) -> str:
    """The AXI interface that a port is of; "" for none."""
    return next((bus for bus in shape.interfaces if name.startswith(f"{bus}_")), "")


def _written(*attributes: str) -> str:
    return "".join(f"  (* {attribute} *)\n" for attribute in attributes)


def _declaration(port: Port) -> str:
    width = f"[{port.width - 1}:0] " if port.width > 1 else ""
    return f"{port.direction} wire {width}{port.name}"
