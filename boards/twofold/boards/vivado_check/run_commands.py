"""Commands on synthesis and implementation."""

from __future__ import annotations

from pathlib import Path

from twofold.boards.vivado_check.design_commands import DesignCommands
from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import TclError


class RunCommands(DesignCommands):
    """Runs end at once and leave empty files. slack, hold: the worst ones, as implementation reports them."""

    def __init__(self, part: str, board_part: str, slack: str, hold: str) -> None:
        super().__init__(part, board_part)
        self._timing = {"STATS.WNS": slack, "STATS.WHS": hold, "STATS.TPWS": "0.0"}
        self._runs: dict[str, str] = {}
        self._opened_run = ""

    def _get_runs(self, call: Call) -> str:
        if call.arguments[0] not in ("synth_1", "impl_1"):
            raise TclError(f"get_runs: no run matches {call.arguments[0]}")
        return call.arguments[0]

    def _reset_run(self, call: Call) -> None:
        self._runs[self._get_runs(call)] = "reset"

    def _launch_runs(self, call: Call) -> None:
        self._current_project(call)
        run, jobs = self._get_runs(call), call.options.get("-jobs", "1")
        if not jobs.isdigit() or int(jobs) < 1:
            raise TclError(f"launch_runs: -jobs {jobs} is no number of jobs")
        if run == "impl_1" and self._runs.get("synth_1") != "complete":
            raise TclError("launch_runs: impl_1 needs synth_1 to be complete")
        self._runs[run] = call.options.get("-to_step", "launched")

    def _wait_on_run(self, call: Call) -> None:
        run = self._get_runs(call)
        if self._runs.get(run) in (None, "reset"):
            raise TclError(f"wait_on_run: {run} was not launched")
        if self._runs[run] == "write_bitstream":
            folder = self._project_file(call.name).with_suffix(".runs") / run
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{self._properties['sources_1', 'top']}.bit").touch()
        self._runs[run] = "complete"

    def _open_run(self, call: Call) -> None:
        if self._runs.get(self._get_runs(call)) != "complete":
            raise TclError(f"open_run: {call.arguments[0]} is not complete")
        self._opened_run = call.arguments[0]

    def _report_utilization(self, call: Call) -> None:
        if not self._opened_run:
            raise TclError(f"{call.name}: no design is open")
        path = Path(call.options["-file"])
        if not path.parent.is_dir():
            raise TclError(f"{call.name}: no folder {path.parent}")
        path.touch()

    _report_timing_summary = _report_power = _report_utilization

    def _get_property(self, call: Call) -> str:
        name, target = call.arguments
        if (name, target in self._runs) == ("PROGRESS", True):
            return "100%" if self._runs[target] == "complete" else "0%"
        if name in self._timing and target == "impl_1":
            return self._timing[name]
        raise TclError(f"get_property: no property {name} of {target}")

    def _close_project(self, call: Call) -> None:
        super()._close_project(call)
        self._opened_run = ""
