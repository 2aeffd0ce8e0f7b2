"""A board without a processor: the bridge and the engine side by side, as one design for benches."""

from __future__ import annotations

from twofold.rtl.bus.uart_bridge import UartBridge
from twofold.rtl.engine import Engine
from twofold.rtl.geometry import Geometry
from twofold.rtl.verilog import port_widths

TOP = "fabric"


def fabric_verilog(geometry: Geometry, divisor: int) -> str:
    """Module `fabric` around the modules `engine` and `uart_bridge`.

    Its ports are clk, rst, rx, tx, the engine's s_axi_* and m_axi_*, and the bridge's m_axi_* as bridge_*.
    """
    engine = port_widths(Engine(geometry))
    bridge = port_widths(UartBridge(divisor, patience=1))
    renamed = {name: name.replace("m_axi_", "bridge_") for name in bridge}
    declared = {**engine, **{renamed[name]: port for name, port in bridge.items()}}
    ports = [f"  {way} wire [{width - 1}:0] {name}" for name, (way, width) in declared.items()]
    return (
        f"module {TOP} (\n  input wire clk,\n  input wire rst,\n"
        + ",\n".join(ports)
        + "\n);\n"
        + _instance("engine", {name: name for name in engine})
        + _instance("uart_bridge", renamed)
        + "endmodule\n"
    )


def _instance(module: str, connections: dict[str, str]) -> str:
    joined = "".join(f", .{port}({wire})" for port, wire in connections.items())
    return f"  {module} {module}_0 (.clk(clk), .rst(rst){joined});\n"
