"""Feeds a component a record of inputs each cycle and gives back what its outputs were: fast unit tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from amaranth.hdl import Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from twofold.rtl.verilog import to_verilog
from twofold.sim import verilator

TOP = "unit"
_TIME_LIMIT = 1800.0

Column = Sequence[int] | npt.NDArray[np.integer]


@dataclass(frozen=True)
class Port:
    """A port as `lanes` equal fields of `width` bits; 1 unless it is an array or a nested one."""

    name: str
    is_input: bool
    width: int
    signed: bool
    lanes: int

    @property
    def size(self) -> int:
        """Bytes in a record: those of the C++ variable that Verilator makes for the port."""
        bits = self.width * self.lanes
        return next((size for size in (1, 2, 4, 8) if bits <= 8 * size), 4 * -(-bits // 32))

    def pack(self, column: Column, cycles: int) -> npt.NDArray[np.uint8]:
        """One value (or row of lanes) a cycle → [cycles, size]; cycles past the column's end are 0."""
        rows = np.zeros((cycles, self.size), np.uint8)
        if self.width > 63:
            mask = (1 << self.width) - 1
            whole = b"".join((int(value) & mask).to_bytes(self.size, "little") for value in column)
            rows[: len(column)] = np.frombuffer(whole, np.uint8).reshape(-1, self.size)
            return rows
        values = np.asarray(column, np.int64).reshape(len(column), self.lanes)
        bits = np.unpackbits(values.astype("<i8").view(np.uint8), axis=1, bitorder="little")
        bits = bits.reshape(-1, self.lanes, 64)[:, :, : self.width].reshape(-1, self.lanes * self.width)
        packed = np.packbits(bits, axis=1, bitorder="little")
        rows[: len(column), : packed.shape[1]] = packed
        return rows

    def unpack(self, rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """[cycles, size] → [cycles], or [cycles, lanes] for an array. Fields of at most 63 bits."""
        if self.width > 63:
            raise ValueError(f"expected output fields of at most 63 bits, {self.name} has {self.width}")
        bits = np.unpackbits(np.ascontiguousarray(rows), axis=1, bitorder="little")
        fields = bits[:, : self.width * self.lanes].reshape(len(rows), self.lanes, self.width)
        values = (fields.astype(np.int64) << np.arange(self.width)).sum(axis=2)
        if self.signed:
            values -= (values >> (self.width - 1)) << self.width
        return values if self.lanes > 1 else values[:, 0]


@dataclass(frozen=True)
class VectorSimulation:
    """A compiled component. Each `run` begins from its initial state."""

    executable: Path
    ports: tuple[Port, ...]

    def run(
        self, inputs: Mapping[str, Column], *, cycles: int | None = None
    ) -> dict[str, npt.NDArray[np.int64]]:
        """Columns of inputs, one value or row of lanes a cycle → columns of all outputs.

        An output's value in cycle t is the one before the clock edge that ends cycle t, when the inputs
        of cycle t are applied. Inputs that are not given are 0. cycles: default the longest column.
        Raises ValueError for names that are no inputs.
        """
        unknown = inputs.keys() - {port.name for port in self.ports if port.is_input}
        if unknown:
            raise ValueError(f"expected names of inputs, got {sorted(unknown)}")
        length = cycles if cycles is not None else max(map(len, inputs.values()))
        columns = [port.pack(inputs.get(port.name, ()), length) for port in self.ports if port.is_input]
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder) / "in.bin", Path(folder) / "out.bin"
            np.concatenate(columns, axis=1).tofile(source)
            subprocess.run([self.executable, source, result], check=True, timeout=_TIME_LIMIT)
            records = np.fromfile(result, np.uint8).reshape(length, -1)
        return self._outputs(records)

    def _outputs(self, records: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.int64]]:
        outputs, start = {}, 0
        for port in self.ports:
            if not port.is_input:
                outputs[port.name] = port.unpack(records[:, start : start + port.size])
                start += port.size
        return outputs


def build(
    component: wiring.Component, folder: Path, models: str = "", *, optimise: str = "-O0"
) -> VectorSimulation:
    """Compiles the component, or reuses what an equal one left in `folder`.

    models: Verilog of the primitives that it instantiates. optimise: g++'s level; without optimisation,
    as most unit tests run for few cycles. Raises UserError for missing tools, verilator.BuildError with the
    compiler's last lines if the design does not compile.
    """
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "unit.sv"
        to_verilog(component, TOP, source)
        text = source.read_text() + models
    return compile_verilog(text, TOP, ports_of(component), folder, optimise=optimise)


def compile_verilog(
    verilog: str, top: str, ports: tuple[Port, ...], folder: Path, *, optimise: str = "-O0"
) -> VectorSimulation:
    """Compiles module `top` of a text, with clock `clk` and reset `rst`; otherwise as `build`."""
    verilator.require_tools()
    main = _main(ports)
    parts = (verilog, main, top, optimise, verilator.identity())
    executable = folder.resolve() / f"unit-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"
    if not executable.is_file():
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            (work / "unit.sv").write_text(verilog)
            (work / "main.cpp").write_text(main)
            _compile(work, top, optimise)
            executable.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=executable.parent)
            os.close(handle)
            shutil.copy(work / "objects" / "unit", name)
            Path(name).replace(executable)
    return VectorSimulation(executable, ports)


def _compile(work: Path, top: str, optimise: str) -> None:
    objects = work / "objects"
    command = [str(verilator.executable()), "--cc", "--exe", "-Wno-fatal", "-Wno-lint", "-O3"]
    command += ["--top-module", top, "--prefix", "Vunit", "-o", "unit", "--Mdir", str(objects)]
    environment = os.environ | verilator.environment(optimise)
    verilator.run([*command, "unit.sv", "main.cpp"], work, environment, "the unit")
    for runtime in verilator.runtime_objects():
        shutil.copy(runtime, objects)
    verilator.run(["make", "-s", "-f", "Vunit.mk"], objects, environment, "the unit")


def ports_of(component: wiring.Component) -> tuple[Port, ...]:
    """The ports in order of declaration, clk and rst and those without bits left out."""
    ports = []
    for path, member, _ in component.signature.flatten(component):
        layout, lanes = member.shape, 1
        while isinstance(layout, data.ArrayLayout):
            layout, lanes = layout.elem_shape, lanes * layout.length
        field = Shape.cast(layout)
        if field.width * lanes:
            name = "_".join(map(str, path))
            ports.append(Port(name, member.flow == In, field.width, field.signed, lanes))
    return tuple(ports)


def _main(ports: tuple[Port, ...]) -> str:
    """C++ that reads a record of inputs, writes one of outputs and clocks the design, over a whole file."""
    sizes = [sum(port.size for port in ports if port.is_input is side) for side in (True, False)]
    return "\n".join(
        [
            '#include "Vunit.h"',
            '#include "verilated.h"',
            "#include <cstdio>",
            "#include <cstring>",
            "int main(int, char** arguments) {",
            f"  static unsigned char in[{sizes[0]}], out[{sizes[1]}];",
            '  FILE *source = fopen(arguments[1], "rb"), *result = fopen(arguments[2], "wb");',
            "  Vunit unit;",
            "  unit.clk = 0; unit.rst = 0; unit.eval();",
            "  while (fread(in, 1, sizeof in, source) == sizeof in) {",
            *_copies(ports, True, "memcpy(&unit.{name}, in + {start}, {size});"),
            "    unit.eval();",
            *_copies(ports, False, "memcpy(out + {start}, &unit.{name}, {size});"),
            "    fwrite(out, 1, sizeof out, result);",
            "    unit.clk = 1; unit.eval(); unit.clk = 0; unit.eval();",
            "  }",
            "  fclose(source); return fclose(result);",
            "}",
            "",
        ]
    )


def _copies(ports: tuple[Port, ...], inputs: bool, form: str) -> list[str]:
    lines, start = [], 0
    for port in ports:
        if port.is_input is inputs:
            lines.append("    " + form.format(name=port.name, start=start, size=port.size))
            start += port.size
    return lines
