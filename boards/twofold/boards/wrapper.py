"""A plain Verilog top level around the engine, with the interfaces' names that Vivado's packager reads.

The engine is SystemVerilog, which Vivado does not take as the top of a packaged core. Attributes:
AMD UG1118, "Creating and Packaging Custom IP", and UG994.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.errors import UserError

_PORT = re.compile(
    r"^\s*(input|output)\s+(?:wire\s+|reg\s+|logic\s+)?(?:\[(\d+):0\]\s*)?(\w+)\s*;", re.MULTILINE
)
_AXI = "xilinx.com:interface:aximm:1.0"
_ADDRESS_SIGNALS = ("ADDR", "PROT", "VALID", "READY")
_LITE = frozenset(
    {f"{channel}{signal}" for channel in ("AW", "AR") for signal in _ADDRESS_SIGNALS}
    | {
        "WDATA",
        "WSTRB",
        "WVALID",
        "WREADY",
        "BRESP",
        "BVALID",
        "BREADY",
        "RDATA",
        "RRESP",
        "RVALID",
        "RREADY",
    }
)
_FULL = _LITE | {
    *(
        f"{channel}{signal}"
        for channel in ("AW", "AR")
        for signal in ("ID", "LEN", "SIZE", "BURST", "LOCK", "CACHE")
    ),
    *("WLAST", "BID", "RID", "RLAST"),
}
_REQUIRED = {"s_axi": _LITE, "m_axi": _FULL}
_SPECIAL = {
    "clk": (
        'X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 clk CLK"',
        'X_INTERFACE_PARAMETER = "ASSOCIATED_BUSIF s_axi:m_axi, ASSOCIATED_RESET rst"',
    ),
    "rst": (
        'X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 rst RST"',
        'X_INTERFACE_PARAMETER = "POLARITY ACTIVE_HIGH"',
    ),
}


@dataclass(frozen=True)
class Port:
    name: str
    direction: str
    width: int


def engine_ports(verilog: str, module: str) -> tuple[Port, ...]:
    """The ports of `module` as Yosys declares them. Raises UserError if they are not those of an engine."""
    found = re.search(
        rf"^module {re.escape(module)}\s*\((.*?)\);(.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise UserError(f"expected Verilog with a module {module}, found none")
    # Functions in the module declare inputs of their own.
    listed = {name.strip() for name in found[1].split(",")}
    declared = _PORT.findall(found[2])
    ports = tuple(Port(name, way, int(high or 0) + 1) for way, high, name in declared if name in listed)
    _check_complete(module, {port.name: port for port in ports})
    return ports


def wrapper(top: str, module: str, ports: Sequence[Port]) -> str:
    """Verilog of `top`, which has the ports of `module` and nothing else in it."""
    declarations = ",\n".join(f"{_attributes(port.name)}  {_declaration(port)}" for port in ports)
    connections = ",\n".join(f"    .{port.name}({port.name})" for port in ports)
    return f"module {top} (\n{declarations}\n);\n  {module} engine (\n{connections}\n  );\nendmodule\n"


def _check_complete(module: str, ports: Mapping[str, Port]) -> None:
    expected = {f"{bus}_{name.lower()}" for bus, names in _REQUIRED.items() for name in names} | set(_SPECIAL)
    for problem, names in (("missing", expected - set(ports)), ("unknown", set(ports) - expected)):
        if names:
            raise UserError(
                f"module {module}: {problem} port {min(names)}; expected clk, rst, s_axi_* and m_axi_*"
            )


def _attributes(name: str) -> str:
    if name in _SPECIAL:
        return "".join(f"  (* {attribute} *)\n" for attribute in _SPECIAL[name])
    bus, signal = name[:5], name[6:].upper()
    return f'  (* X_INTERFACE_INFO = "{_AXI} {bus} {signal}" *)\n'


def _declaration(port: Port) -> str:
    width = f"[{port.width - 1}:0] " if port.width > 1 else ""
    return f"{port.direction} wire {width}{port.name}"
