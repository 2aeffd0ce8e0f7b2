"""The Vivado commands that our scripts use: their options, and how many arguments they take.

AMD UG835, "Vivado Design Suite Tcl Command Reference Guide". A subset: an option that is missing here
may exist in Vivado, but no script of ours needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twofold.boards.vivado_check.tcl import TclError


@dataclass(frozen=True)
class Command:
    """flags stand alone; options take a value; arguments: least and most positional ones."""

    arguments: tuple[int, int]
    flags: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Call:
    """A command as it was called; a flag's value is empty."""

    name: str
    options: Mapping[str, str]
    arguments: tuple[str, ...]


def _command(least: int, most: int, flags: str = "", options: str = "", required: str = "") -> Command:
    """required: options that our checks rely on."""
    needed = frozenset(required.split())
    return Command((least, most), frozenset(flags.split()), frozenset(options.split()) | needed, needed)


MANY = 1000
COMMANDS: Mapping[str, Command] = {
    "create_project": _command(1, 2, "-force -in_memory", "-part"),
    "open_project": _command(1, 1, "-read_only"),
    "close_project": _command(0, 0, "-delete"),
    "current_project": _command(0, 1),
    "current_fileset": _command(0, 0, "-srcset -constrset"),
    "get_board_parts": _command(0, 1, "-quiet", "-filter"),
    "add_files": _command(1, 1, "-norecurse", "-fileset"),
    "get_files": _command(1, 1, "-quiet", "-of_objects"),
    "set_property": _command(2, 3, "-dict"),
    "get_property": _command(2, 2, "-quiet"),
    "update_compile_order": _command(0, 0, "", "-fileset"),
    "update_ip_catalog": _command(0, 0, "-rebuild"),
    "ipx::package_project": _command(
        0,
        0,
        "-import_files -force",
        "-root_dir -vendor -library -taxonomy -set_current",
        "-root_dir -vendor -library",
    ),
    "ipx::current_core": _command(0, 1),
    "ipx::get_bus_interfaces": _command(1, 1, "-quiet", "-of_objects", "-of_objects"),
    "ipx::create_xgui_files": _command(1, 1),
    "ipx::update_checksums": _command(1, 1),
    "ipx::check_integrity": _command(1, 1, "-quiet"),
    "ipx::save_core": _command(1, 1),
    "create_bd_design": _command(1, 1),
    "create_bd_cell": _command(1, 1, "", "-type -vlnv", "-type -vlnv"),
    "get_bd_cells": _command(1, 1, "-quiet"),
    "get_bd_pins": _command(1, 1, "-quiet"),
    "get_bd_intf_pins": _command(1, 1, "-quiet"),
    "get_bd_addr_spaces": _command(1, 1, "-quiet"),
    "get_bd_addr_segs": _command(1, 1, "-quiet"),
    "connect_bd_net": _command(2, MANY, "", "-net"),
    "connect_bd_intf_net": _command(2, 2, "", "-intf_net"),
    "apply_bd_automation": _command(1, 1, "", "-rule -config", "-rule -config"),
    "assign_bd_address": _command(
        1, 1, "-force", "-offset -range -target_address_space", "-offset -range -target_address_space"
    ),
    "validate_bd_design": _command(0, 0, "-force"),
    "save_bd_design": _command(0, 0),
    "generate_target": _command(2, 2, "-force"),
    "make_wrapper": _command(0, 0, "-top -import -force", "-files", "-files"),
    "get_runs": _command(1, 1, "-quiet"),
    "reset_run": _command(1, 1),
    "launch_runs": _command(1, 1, "", "-jobs -to_step"),
    "wait_on_run": _command(1, 1, "", "-timeout"),
    "open_run": _command(1, 1, "", "-name"),
    "report_utilization": _command(0, 0, "-hierarchical", "-file", "-file"),
    "report_timing_summary": _command(0, 0, "", "-file", "-file"),
    "report_power": _command(0, 0, "", "-file", "-file"),
}


def parse(words: Sequence[str]) -> Call:
    """Sorts a call's words. Raises TclError for commands and options that Vivado would not take."""
    name, *rest = words
    command = COMMANDS.get(name)
    if command is None:
        raise TclError(f'invalid command name "{name}"')
    options: dict[str, str] = {}
    arguments: list[str] = []
    waiting = iter(rest)
    for word in waiting:
        if word in command.flags:
            options[word] = ""
        elif word in command.options:
            options[word] = next(waiting, "")
            if not options[word]:
                raise TclError(f"{name}: no value for {word}")
        elif word.startswith("-") and not word.lstrip("-").isdigit():
            raise TclError(f"{name}: unknown option {word}")
        else:
            arguments.append(word)
    _check_counts(name, command, options, arguments)
    return Call(name, options, tuple(arguments))


def _check_counts(name: str, command: Command, options: Mapping[str, str], arguments: Sequence[str]) -> None:
    missing = command.required - set(options)
    if missing:
        raise TclError(f"{name}: {min(missing)} is missing")
    least, most = command.arguments
    if not least <= len(arguments) <= most:
        raise TclError(
            f"{name}: expected {least} to {most} arguments, found {len(arguments)}: {list(arguments)}"
        )
