"""Commands on projects, files and properties."""

from __future__ import annotations

import re
from pathlib import Path

from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import TclError, split_list

_FILESETS = ("sources_1", "constrs_1")
_MODULE = re.compile(r"^module\s+(\w+)", re.MULTILINE)


class ProjectCommands:
    """Knows which project is open, its sources and their modules, and properties by (object, name)."""

    def __init__(self, part: str, board_part: str) -> None:
        self._part, self._board_part = part, board_part
        self._project: Path | None = None
        self._sources: dict[str, list[Path]] = {}
        self._modules: set[str] = set()
        self._properties: dict[tuple[str, str], str] = {}

    def _project_file(self, command: str) -> Path:
        if self._project is None:
            raise TclError(f"{command}: no open project")
        return self._project

    def _create_project(self, call: Call) -> None:
        if self._project is not None:
            raise TclError("create_project: a project is open")
        if call.options.get("-part") != self._part:
            raise TclError(f"create_project: expected part {self._part}, found {call.options.get('-part')}")
        name, folder = call.arguments[0], Path(call.arguments[1])
        folder.mkdir(parents=True, exist_ok="-force" in call.options)
        self._project = folder / f"{name}.xpr"
        self._project.touch()
        self._sources, self._modules = {fileset: [] for fileset in _FILESETS}, set()

    def _open_project(self, call: Call) -> None:
        self._project = existing(call.arguments[0])

    def _close_project(self, call: Call) -> None:
        self._current_project(call)
        self._project = None

    def _current_project(self, call: Call) -> str:
        return self._project_file(call.name).stem

    def _current_fileset(self, call: Call) -> str:
        self._current_project(call)
        return "sources_1"

    def _get_board_parts(self, call: Call) -> str:
        return self._board_part if call.arguments == (self._board_part,) else ""

    def _add_files(self, call: Call) -> None:
        self._current_project(call)
        fileset = self._sources.get(call.options.get("-fileset", "sources_1"))
        if fileset is None:
            raise TclError(f"add_files: no fileset {call.options['-fileset']}")
        for name in split_list(call.arguments[0]):
            fileset.append(existing(name))
            if fileset[-1].suffix in (".v", ".sv"):
                self._modules.update(_MODULE.findall(fileset[-1].read_text()))

    def _get_files(self, call: Call) -> str:
        name = call.arguments[0]
        if name not in {path.name for files in self._sources.values() for path in files}:
            raise TclError(f"get_files: no file matches {name}")
        return name

    def _update_compile_order(self, call: Call) -> None:
        self._current_project(call)
        if self._properties.get(("sources_1", "top")) not in self._modules:
            raise TclError("update_compile_order: the top module is not among the sources")

    def _set_property(self, call: Call) -> None:
        *given, objects = call.arguments
        if not objects:
            raise TclError("set_property: no objects")
        pairs = split_list(given[0]) if "-dict" in call.options else list(given)
        if len(pairs) % 2 or not pairs:
            raise TclError(f"set_property: expected names with values, found {pairs}")
        for name, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._set_one(objects, name, value)

    def _set_one(self, target: str, name: str, value: str) -> None:
        if name == "top" and value not in self._modules:
            raise TclError(f"set_property: no module {value} among the sources")
        if name == "board_part" and value != self._board_part:
            raise TclError(f"set_property: board part {value} is not installed")
        if name == "ip_repo_paths":
            for folder in split_list(value):
                existing(folder)
        self._properties[target, name] = value


def existing(name: str) -> Path:
    if not Path(name).exists():
        raise TclError(f"no such file: {name}")
    return Path(name)
