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


def command(least: int, most: int, flags: str = "", options: str = "", required: str = "") -> Command:
    """required: options that our checks rely on."""
    needed = frozenset(required.split())
    return Command((least, most), frozenset(flags.split()), frozenset(options.split()) | needed, needed)


MANY = 1000
COMMANDS: Mapping[str, Command] = {
    "create_project": command(1, 2, "-force -in_memory", "-part"),
    "open_project": command(1, 1, "-read_only"),
    "close_project": command(0, 0, "-delete"),
    "current_project": command(0, 1),
    "current_fileset": command(0, 0, "-srcset -constrset"),
    "get_board_parts": command(0, 1, "-quiet", "-filter"),
    "add_files": command(1, 1, "-norecurse", "-fileset"),
    "get_files": command(1, 1, "-quiet", "-of_objects"),
    "set_property": command(2, 3, "-dict"),
    "get_property": command(2, 2, "-quiet"),
    "update_compile_order": command(0, 0, "", "-fileset"),
    "update_ip_catalog": command(0, 0, "-rebuild"),
    "ipx::package_project": command(
        0,
        0,
        "-import_files -force",
        "-root_dir -vendor -library -taxonomy -set_current",
        "-root_dir -vendor -library",
    ),
    "ipx::current_core": command(0, 1),
    "ipx::get_bus_interfaces": command(1, 1, "-quiet", "-of_objects", "-of_objects"),
    "ipx::create_xgui_files": command(1, 1),
    "ipx::update_checksums": command(1, 1),
    "ipx::check_integrity": command(1, 1, "-quiet"),
    "ipx::save_core": command(1, 1),
    "create_bd_design": command(1, 1),
    "create_bd_cell": command(1, 1, "", "-type -vlnv", "-type -vlnv"),
    "get_bd_cells": command(1, 1, "-quiet"),
    "get_bd_pins": command(1, 1, "-quiet"),
    "get_bd_intf_pins": command(1, 1, "-quiet"),
    "get_bd_addr_spaces": command(1, 1, "-quiet"),
    "get_bd_addr_segs": command(1, 1, "-quiet"),
    "create_bd_port": command(1, 1, "", "-dir -type -freq_hz", "-dir"),
    "get_ipdefs": command(1, 1, "-quiet"),
    "connect_bd_net": command(2, MANY, "", "-net"),
    "connect_bd_intf_net": command(2, 2, "", "-intf_net"),
    "apply_bd_automation": command(1, 1, "", "-rule -config", "-rule -config"),
    "assign_bd_address": command(
        1, 1, "-force", "-offset -range -target_address_space", "-offset -range -target_address_space"
    ),
    "validate_bd_design": command(0, 0, "-force"),
    "save_bd_design": command(0, 0),
    "generate_target": command(2, 2, "-force"),
    "make_wrapper": command(0, 0, "-top -import -force", "-files", "-files"),
    "get_runs": command(1, 1, "-quiet"),
    "reset_run": command(1, 1),
    "launch_runs": command(1, 1, "", "-jobs -to_step"),
    "wait_on_run": command(1, 1, "", "-timeout"),
    "open_run": command(1, 1, "", "-name"),
    "report_utilization": command(0, 0, "-hierarchical", "-file", "-file"),
    "report_timing_summary": command(0, 0, "", "-file", "-file"),
    "report_power": command(0, 0, "", "-file", "-file"),
}


def parse(words: Sequence[str], commands: Mapping[str, Command] = COMMANDS) -> Call:
    """Sorts a call's words. Raises TclError for commands and options that the tool would not take."""
    name, *rest = words
    known = commands.get(name)
    if known is None:
        raise TclError(f'invalid command name "{name}"')
    options: dict[str, str] = {}
    arguments: list[str] = []
    waiting = iter(rest)
    for word in waiting:
        if word in known.flags:
            options[word] = ""
        elif word in known.options:
            options[word] = next(waiting, "")
            if not options[word]:
                raise TclError(f"{name}: no value for {word}")
        elif word.startswith("-") and not word.lstrip("-").isdigit():
            raise TclError(f"{name}: unknown option {word}")
        else:
            arguments.append(word)
    _check_counts(name, known, options, arguments)
    return Call(name, options, tuple(arguments))


def _check_counts(name: str, known: Command, options: Mapping[str, str], arguments: Sequence[str]) -> None:
    missing = known.required - set(options)
    if missing:
        raise TclError(f"{name}: {min(missing)} is missing")
    least, most = known.arguments
    if not least <= len(arguments) <= most:
        raise TclError(
            f"{name}: expected {least} to {most} arguments, found {len(arguments)}: {list(arguments)}"
        )
