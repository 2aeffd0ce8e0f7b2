"""The simulated engine as a shared library: Verilator's model and a bench in C++ around it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from twofold.rtl.geometry import Geometry
from twofold.sim import verilator
from twofold.sim.engine import TOP, engine_verilog

BENCH = Path(__file__).with_name("engine.cpp")
# Modules that occur more than once, such as tiles, stay functions: less to compile, less code to fetch.
_INLINE = ("--inline-mult", "200")
_VERILATE = ("--cc", "--exe", "-O3", *_INLINE, "--x-assign", "fast", "--x-initial", "fast", "--noassert")
_LINT_OFF = ("-Wno-fatal", "-Wno-lint", "-Wno-style")


@dataclass(frozen=True)
class EngineLibrary:
    """A compiled engine. waves: runs can leave a trace, which costs most of the speed."""

    path: Path
    geometry: Geometry
    waves: bool


def build_library(
    geometry: Geometry, folder: Path, *, optimise: str = "-O2", waves: bool = False
) -> EngineLibrary:
    """The engine of this geometry, compiled for many frames; kept in `folder` under a hash of what goes in.

    optimise: g++'s level; "-O1" compiles faster and suits a few frames. Raises UserError for missing tools
    and a path with spaces, BuildError with the compiler's last lines if the design does not compile.
    """
    verilator.require_tools()
    verilator.require_plain_path(folder)
    verilog, bench = engine_verilog(geometry), BENCH.read_text()
    parts = (verilog, bench, *_VERILATE, optimise, str(waves), verilator.identity(), str(verilator.root()))
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    library = folder.resolve() / f"{TOP}-{key}.so"
    if not library.is_file():
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent, prefix=f".{TOP}-") as temporary:
            work = Path(temporary)
            (work / f"{TOP}.sv").write_text(verilog)
            _compile(work, optimise, waves)
            (work / "objects" / f"{TOP}.so").replace(library)
    return EngineLibrary(library, geometry, waves)


def _compile(work: Path, optimise: str, waves: bool) -> None:
    objects = work / "objects"
    command = [
        str(verilator.executable()),
        *_VERILATE,
        *_LINT_OFF,
        "--top-module",
        TOP,
        "--prefix",
        "Vengine",
    ]
    command += ["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared", "-o", f"{TOP}.so", "--Mdir", str(objects)]
    command += ["--trace"] if waves else []
    environment = os.environ | verilator.environment(optimise)
    verilator.run([*command, f"{TOP}.sv", str(BENCH)], work, environment, "the engine")
    # A tracing runtime is compiled with other flags than the shared objects.
    for runtime in () if waves else verilator.runtime_objects():
        shutil.copy(runtime, objects)
    verilator.run(["make", "-s", "-f", "Vengine.mk"], objects, environment, "the engine")
