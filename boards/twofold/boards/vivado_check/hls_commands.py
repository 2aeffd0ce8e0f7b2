"""The commands of Vitis HLS that our script uses, in a model of their own.

AMD UG1399, "Vitis High-Level Synthesis User Guide", chapter "Vitis HLS Command Reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from twofold.boards.vivado_check.project_commands import existing
from twofold.boards.vivado_check.syntax import Call, Command, command, parse
from twofold.boards.vivado_check.tcl import TclError

COMMANDS: Mapping[str, Command] = {
    "open_project": command(1, 1, "-reset"),
    "close_project": command(0, 0),
    "set_top": command(1, 1),
    "add_files": command(1, 1, "-tb", "-cflags"),
    "open_solution": command(1, 1, "-reset", "-flow_target"),
    "set_part": command(1, 1),
    "create_clock": command(0, 0, "", "-period -name", "-period"),
    "config_array_partition": command(0, 0, "", "-complete_threshold"),
    "config_compile": command(0, 0, "", "-name_max_length"),
    "csynth_design": command(0, 0),
    "export_design": command(0, 0, "", "-format -vendor -library -version", "-format"),
}


class VitisHls:
    """Answers the commands of the script that exports a kernel; leaves the core as Vitis HLS would."""

    def __init__(self, part: str):
        self._part = part
        self.calls: list[Call] = []
        self._done: set[str] = set()
        self._project, self._top = Path(), ""
        self._texts: list[str] = []

    def answer(self, words: Sequence[str]) -> str:
        """The result of one command. Raises TclError where Vitis HLS would end the script."""
        call = parse(words, COMMANDS)
        self.calls.append(call)
        getattr(self, f"_{call.name}", self._note)(call)
        self._done.add(call.name)
        return ""

    def _note(self, call: Call) -> None:
        """Commands without a check of their own."""

    def _needs(self, call: Call, *names: str) -> None:
        for name in names:
            if name not in self._done:
                raise TclError(f"{call.name}: {name} was not called")

    def _open_project(self, call: Call) -> None:
        self._project = Path(call.arguments[0])

    def _set_top(self, call: Call) -> None:
        self._needs(call, "open_project")
        self._top = call.arguments[0]

    def _add_files(self, call: Call) -> None:
        self._needs(call, "open_project")
        for flag in call.options.get("-cflags", "").split():
            if flag.startswith("-I"):
                existing(flag.removeprefix("-I"))
        self._texts.append(existing(call.arguments[0]).read_text())

    def _set_part(self, call: Call) -> None:
        self._needs(call, "open_solution")
        if call.arguments[0] != self._part:
            raise TclError(f"set_part: expected part {self._part}, found {call.arguments[0]}")

    def _create_clock(self, call: Call) -> None:
        self._needs(call, "open_solution")
        if float(call.options["-period"]) <= 0:
            raise TclError("create_clock: the period is no time")

    def _csynth_design(self, call: Call) -> None:
        self._needs(call, "set_top", "add_files", "open_solution", "set_part", "create_clock")
        if not any(re.search(rf"\bvoid {re.escape(self._top)}\s*\(", text) for text in self._texts):
            raise TclError(f"csynth_design: no function {self._top} among the files")

    def _export_design(self, call: Call) -> None:
        self._needs(call, "csynth_design")
        if call.options["-format"] != "ip_catalog":
            raise TclError(f"export_design: no core comes from the format {call.options['-format']}")
        folder = self._project / "solution1" / "impl" / "ip"
        folder.mkdir(parents=True, exist_ok=True)
        identity = (call.options[key] for key in ("-vendor", "-library"))
        name = ":".join((*identity, self._top, call.options["-version"]))
        (folder / "component.xml").write_text(name)
