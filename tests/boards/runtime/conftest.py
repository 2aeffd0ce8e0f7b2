"""A board folder as after the Vivado build, and the runtime that lies in it over a PYNQ of stand-ins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from twofold.rtl.bus.engine_registers import engine_registers


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


@pytest.fixture
def folder(project: Path, finish: Callable[[Path], Path]) -> Path:
    return finish(project)


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
