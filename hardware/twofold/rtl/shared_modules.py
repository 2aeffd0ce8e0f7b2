"""Equal modules of a design become one: smaller files, and a simulator that compiles each of them once.

Amaranth writes a module for every instance, whose unnamed ports carry numbers of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_MODULE = re.compile(r"^(?:attribute [^\n]*\n)*module (\\\S+)\n.*?^end\n", re.MULTILINE | re.DOTALL)
_NUMBERED = re.compile(r"\\port\$\d+\$\d+(?=\s)")
_CELL = re.compile(r"(\s+cell )(\\\S+)( .*)", re.DOTALL)
_CONNECTION = re.compile(r"(    connect )(\S+)( .*)", re.DOTALL)


@dataclass(frozen=True)
class _Shared:
    """The module that stands for a module of the design, and the names that its numbered ports got."""

    name: str
    ports: Mapping[str, str]


def share_modules(rtlil: str) -> str:
    """The same design as RTLIL text, as `amaranth.back.rtlil` writes it, without modules that equal another.

    Modules are equal if their text is, after those below them have been shared and unnamed ports numbered
    in order. The top keeps its name.
    """
    modules = {found[1]: found[0] for found in _MODULE.finditer(rtlil)}
    shared: dict[str, _Shared] = {}
    texts: dict[str, tuple[str, str]] = {}

    def share(name: str) -> _Shared:
        if name not in shared:
            text, ports = _renamed(modules[name], lambda kind: share(kind) if kind in modules else None)
            body = text.replace(f"module {name}\n", "module\n", 1)
            first, _ = texts.setdefault(hashlib.sha256(body.encode()).hexdigest(), (name, text))
            shared[name] = _Shared(first, ports)
        return shared[name]

    for name in modules:
        share(name)
    return "\n".join(text for _, text in texts.values())


def _renamed(text: str, child: Callable[[str], _Shared | None]) -> tuple[str, Mapping[str, str]]:
    """A module's text with its children's new names, and the new names of its own numbered ports."""
    ports = {name: f"\\port${place}" for place, name in enumerate(dict.fromkeys(_own_ports(text)))}
    return "".join(_lines(text, ports, child)), ports


def _own_ports(text: str) -> Iterator[str]:
    """Numbered names that the module declares."""
    for line in text.splitlines():
        if line.startswith("  wire "):
            yield from (found[0] for found in _NUMBERED.finditer(line + " "))


def _lines(text: str, ports: Mapping[str, str], child: Callable[[str], _Shared | None]) -> Iterator[str]:
    def own(line: str) -> str:
        return _NUMBERED.sub(lambda found: ports[found[0]], line)

    inside: _Shared | None = None
    for line in text.splitlines(keepends=True):
        if cell := _CELL.fullmatch(line):
            inside = child(cell[2])
            yield cell[1] + (inside.name if inside else cell[2]) + cell[3]
        elif inside and (connection := _CONNECTION.fullmatch(line)):
            port = inside.ports.get(connection[2], connection[2])
            yield connection[1] + port + own(connection[3])
        else:
            yield own(line)
