"""Commands that package the engine as a core, and the catalogue of cores."""

from __future__ import annotations

import re
from pathlib import Path

from twofold.boards.vivado_check.cores import CATALOGUE, OURS, Core
from twofold.boards.vivado_check.project_commands import ProjectCommands, existing
from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import TclError, split_list

_INTERFACE = re.compile(r'X_INTERFACE_INFO = "\S+ (\w+) \w+"')
_POLARITY = 'X_INTERFACE_PARAMETER = "POLARITY ACTIVE_HIGH"'


class PackagerCommands(ProjectCommands):
    """A packaged core is a component.xml that holds its name; the catalogue reads it from ip_repo_paths."""

    def __init__(self, part: str, board_part: str) -> None:
        super().__init__(part, board_part)
        self._core_folder: Path | None = None
        self._packaged: set[str] = set()
        self._cores: dict[str, Core] = {}

    def _ipx_package_project(self, call: Call) -> None:
        top = self._properties.get(("sources_1", "top"), "")
        files = [path for path in self._sources["sources_1"] if f"module {top} " in path.read_text()]
        if not top or not files or files[0].suffix != ".v":
            raise TclError(
                f"ipx::package_project: expected a Verilog file with the top module, found {top!r}"
            )
        text = files[0].read_text()
        if _POLARITY not in text:
            raise TclError("ipx::package_project: the polarity of rst is not declared")
        self._packaged = set(_INTERFACE.findall(text))
        self._core_folder = Path(call.options["-root_dir"])
        self._properties["core", "vendor"] = call.options["-vendor"]
        self._properties["core", "library"] = call.options["-library"]

    def _ipx_current_core(self, call: Call) -> str:
        if self._core_folder is None:
            raise TclError(f"{call.name}: no core is open")
        return "core"

    def _ipx_get_bus_interfaces(self, call: Call) -> str:
        self._ipx_current_core(call)
        return call.arguments[0] if call.arguments[0] in self._packaged else ""

    _ipx_create_xgui_files = _ipx_update_checksums = _ipx_check_integrity = _ipx_current_core

    def _ipx_save_core(self, call: Call) -> None:
        self._ipx_current_core(call)
        assert self._core_folder is not None
        identity = [self._properties["core", key] for key in ("vendor", "library", "name", "version")]
        self._core_folder.mkdir(parents=True, exist_ok=True)
        (self._core_folder / "component.xml").write_text(":".join(identity))
        self._core_folder = None

    def _update_ip_catalog(self, call: Call) -> None:
        project = self._current_project(call)
        self._cores = dict(CATALOGUE)
        for folder in split_list(self._properties.get((project, "ip_repo_paths"), "")):
            found = [path.read_text() for path in sorted(existing(folder).rglob("component.xml"))]
            if not found:
                raise TclError(f"update_ip_catalog: no core in {folder}")
            self._cores |= {vlnv: OURS[vlnv] for vlnv in found if vlnv in OURS}
