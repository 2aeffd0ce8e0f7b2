"""Commands on the block design."""

from __future__ import annotations

from fnmatch import fnmatchcase

from twofold.boards.vivado_check.cores import Pin, Role
from twofold.boards.vivado_check.design import BlockDesign
from twofold.boards.vivado_check.packager_commands import PackagerCommands
from twofold.boards.vivado_check.syntax import Call
from twofold.boards.vivado_check.tcl import TclError, split_list


class DesignCommands(PackagerCommands):
    """Objects are their names; a name that does not exist is an error at once."""

    def __init__(self, part: str, board_part: str) -> None:
        super().__init__(part, board_part)
        self._design: BlockDesign | None = None

    @property
    def _bd(self) -> BlockDesign:
        if self._design is None:
            raise TclError("no block design is open")
        return self._design

    def _create_bd_design(self, call: Call) -> None:
        self._current_project(call)
        self._design = BlockDesign(call.arguments[0])

    def _create_bd_cell(self, call: Call) -> str:
        core = self._cores.get(call.options["-vlnv"])
        if core is None:
            raise TclError(f"create_bd_cell: {call.options['-vlnv']} is not in the catalogue")
        self._bd.add(call.arguments[0], core)
        return call.arguments[0]

    def _get_bd_cells(self, call: Call) -> str:
        if call.arguments[0] not in self._bd.cells:
            raise TclError(f"get_bd_cells: no cell matches {call.arguments[0]}")
        return call.arguments[0]

    def _get_bd_pins(self, call: Call) -> str:
        self._bd.pin(call.arguments[0])
        return call.arguments[0]

    def _get_bd_intf_pins(self, call: Call) -> str:
        return self._bd.interface(call.arguments[0])

    def _create_bd_port(self, call: Call) -> str:
        role = {"clk": Role.CLOCK, "rst": Role.RESET_HIGH}.get(call.options.get("-type", ""), Role.DATA)
        direction, name = call.options["-dir"], call.arguments[0]
        if direction not in ("I", "O"):
            raise TclError(f"create_bd_port: no direction {direction}")
        if role is Role.CLOCK and not call.options.get("-freq_hz", "").isdigit():
            raise TclError(f"create_bd_port: the clock {name} has no frequency")
        self._bd.add_port(name, Pin(role, direction == "I"))
        return name

    def _get_ipdefs(self, call: Call) -> str:
        return " ".join(sorted(vlnv for vlnv in self._cores if fnmatchcase(vlnv, call.arguments[0])))

    def _get_bd_addr_spaces(self, call: Call) -> str:
        return self._bd.space(call.arguments[0])

    def _get_bd_addr_segs(self, call: Call) -> str:
        return self._bd.segment(call.arguments[0])

    def _connect_bd_net(self, call: Call) -> None:
        self._bd.connect(call.arguments)

    def _connect_bd_intf_net(self, call: Call) -> None:
        self._bd.connect_interfaces(call.arguments)

    def _apply_bd_automation(self, call: Call) -> None:
        if len(split_list(call.options["-config"])) % 2:
            raise TclError(
                f"apply_bd_automation: expected names with values, found {call.options['-config']}"
            )
        cell = call.arguments[0]
        if self._bd.cells[cell].externals in call.options["-config"]:
            self._bd.external.add(cell)

    def _assign_bd_address(self, call: Call) -> None:
        offset, size = (int(call.options[name], 0) for name in ("-offset", "-range"))
        self._bd.assign(call.options["-target_address_space"], call.arguments[0], offset, size)

    def _validate_bd_design(self, call: Call) -> None:
        self._bd.validate()

    def _save_bd_design(self, call: Call) -> None:
        if not self._bd.valid:
            raise TclError("save_bd_design: the design was changed after its validation")

    def _generate_target(self, call: Call) -> None:
        project = self._project_file(call.name)
        generated = project.with_suffix(".gen") / "sources_1" / "bd" / self._bd.name / "hw_handoff"
        generated.mkdir(parents=True, exist_ok=True)
        (generated / f"{self._bd.name}.hwh").touch()

    def _make_wrapper(self, call: Call) -> None:
        self._modules.add(f"{call.options['-files'].removesuffix('.bd')}_wrapper")

    def _get_files(self, call: Call) -> str:
        if self._design is not None and call.arguments[0] == f"{self._design.name}.bd":
            return call.arguments[0]
        return super()._get_files(call)

    def _set_one(self, target: str, name: str, value: str) -> None:
        super()._set_one(target, name, value)
        if self._design is not None and target in self._design.parameters:
            self._design.configure(target, name, value)
