"""A board folder as after the Vivado build, and the runtime that lies in it over a PYNQ of stand-ins."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twofold.rtl.bus.engine_registers import engine_registers

HWH = """<?xml version="1.0" encoding="UTF-8"?>
<EDKSYSTEM VERSION="1.2"><MODULES><MODULE FULLNAME="/processor" INSTANCE="processor"><MEMORYMAP>
<MEMRANGE ADDRESSBLOCK="reg0" BASENAME="C_BASEADDR" BASEVALUE="{base:#x}" HIGHNAME="C_HIGHADDR"
 HIGHVALUE="{high:#x}" INSTANCE="engine_0" IS_DATA="TRUE" IS_INSTRUCTION="TRUE" MEMTYPE="REGISTER"/>
</MEMORYMAP></MODULE></MODULES></EDKSYSTEM>
"""


class Registers:
    """`MMIO` whose registers keep what is written; those of `values` always read the same."""

    def __init__(self, values: dict[str, int]):
        map_ = engine_registers(8, 8)
        self.content = {register.offset: register.reset for register in map_.registers}
        self.fixed = {map_[name].offset: value for name, value in values.items()}
        self.written: list[tuple[int, int]] = []

    def read(self, offset: int) -> int:
        return self.fixed.get(offset, self.content[offset])

    def write(self, offset: int, value: int) -> None:
        self.written.append((offset, value))
        self.content[offset] = value


class Buffer(np.ndarray):
    device_address = 0x1000

    def flush(self) -> None: ...

    def invalidate(self) -> None: ...


def _finished(project: Path) -> Path:
    folder = project / "board"
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "twofold.bit").touch()
    window = manifest["registers"]
    text = HWH.format(base=window["base"], high=window["base"] + window["bytes"] - 1)
    (folder / "twofold.hwh").write_text(text)
    (folder / "twofold.design").write_text(f"{manifest['design']}\n")
    return folder


@pytest.fixture(scope="session")
def finish() -> Callable[[Path], Path]:
    """Puts into a project's board folder what build.tcl would; returns that folder."""
    return _finished


@pytest.fixture
def folder(project: Path) -> Path:
    return _finished(project)


@pytest.fixture
def fresh() -> Iterator[None]:
    """`import twofold_runtime` reads the modules anew, before and after."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "twofold_runtime"]:
        del sys.modules[name]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, fresh: None) -> Callable[..., tuple[Any, Registers]]:
    """load(folder, NAME=value, …): its runtime over an idle engine; values: what registers read."""

    def install(folder: Path, **values: int) -> tuple[Any, Registers]:
        registers = Registers(values)
        pynq = ModuleType("pynq")
        entry = {"phys_addr": 1 << 30, "addr_range": 4096}
        vars(pynq).update(
            Overlay=lambda path: SimpleNamespace(ip_dict={"engine_0": entry}),
            MMIO=lambda base, length: registers,
            allocate=lambda shape, dtype: np.zeros(shape, dtype).view(Buffer),
        )
        monkeypatch.setitem(sys.modules, "pynq", pynq)
        monkeypatch.syspath_prepend(str(folder))
        import twofold_runtime

        assert Path(str(twofold_runtime.__file__)).parent.parent == folder
        return twofold_runtime, registers

    return install
