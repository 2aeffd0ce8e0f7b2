"""Logic depth of a mapped netlist: the longest way from register to register, in LUTs and carry chains."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twofold.errors import UserError
from twofold.synth.netlist import Netlist
from twofold.synth.timing_arcs import Pin, Step, arcs, is_clocked

LUTS_MAX = 4
"""Of an array of PEs."""
CARRIES_MAX = 1


@dataclass(frozen=True)
class LogicPath:
    """A way through combinational cells: LUT levels, carry chains, and what it passes, in words.

    A chain counts once for each time that it is entered from outside, however long it is. Reading a
    memory in LUTs by its address is a LUT. Block RAMs, DSP blocks, shift registers, memories' contents and
    ports of the module are ends like flip-flops.
    """

    luts: int
    carries: int
    steps: tuple[str, ...]

    def exceeds(self, luts_max: int = LUTS_MAX) -> bool:
        """Whether it is longer than so many LUTs and CARRIES_MAX chains."""
        return self.luts > luts_max or self.carries > CARRIES_MAX

    def __str__(self) -> str:
        return f"{self.luts} LUT + {self.carries} carry: {' → '.join(self.steps)}"


@dataclass(frozen=True)
class _Edge:
    source: int
    target: int
    luts: int
    carries: int
    cell: str


_State = tuple[int, int]
"""A net, and how many chains were entered on the way to it."""


def longest_path(netlist: Netlist, luts_max: int = LUTS_MAX) -> LogicPath:
    """The longest path of a netlist of xc7 or xcup; those that exceed the limit before all others.

    Time and memory are linear in the cells. Raises UserError for cells that are not known and for loops
    of combinational cells.
    """
    starts = _starts(netlist)
    luts, before = _propagate(list(_edges(netlist)), starts)
    ends = _ends(netlist)
    candidates = [
        LogicPath(most, carries, (*_steps(netlist, (net, carries), before, starts), ends[net]))
        for net, carries, most in _longest(luts, ends)
    ]

    def rank(path: LogicPath) -> tuple[bool, int, int]:
        return path.exceeds(luts_max), path.luts + path.carries, path.luts

    return max(candidates, key=rank, default=LogicPath(0, 0, ()))


def _longest(luts: Mapping[_State, int], ends: Mapping[int, str]) -> Iterator[tuple[int, int, int]]:
    """Of the states at ends, one with the most LUTs for each number of chains."""
    best: dict[int, tuple[int, int]] = {}
    for (net, carries), most in luts.items():
        if net in ends and most >= best.get(carries, (-1, 0))[0]:
            best[carries] = (most, net)
    return ((net, carries, most) for carries, (most, net) in best.items())


def _edges(netlist: Netlist) -> Iterator[_Edge]:
    drivers = _carry_outputs(netlist)
    for name, cell in netlist.cells.items():
        for arc in arcs(cell):
            source, target = _net(cell, arc.source), _net(cell, arc.target)
            if isinstance(source, int) and isinstance(target, int):
                inside = arc.source[0] == "CI" and source in drivers
                enters = arc.step is Step.CARRY and not inside
                yield _Edge(source, target, int(arc.step is Step.LUT), int(enters), name)


def _net(cell: Mapping[str, Any], pin: Pin) -> int | str:
    name, bit = pin
    bits = cell["connections"].get(name, ())
    net: int | str = bits[bit] if bit < len(bits) else "x"
    return net


def _carry_outputs(netlist: Netlist) -> set[int | str]:
    """The nets through which a chain goes on from one cell into the next."""
    carries = [cell for cell in netlist.cells.values() if cell["type"].startswith("CARRY")]
    return {bit for cell in carries for bit in cell["connections"].get("CO", ())[-1:]}


def _starts(netlist: Netlist) -> dict[int, str]:
    """Net → what drives it from a clock or from outside, in words."""
    return _boundary(netlist, of_cells="output", of_ports="input")


def _ends(netlist: Netlist) -> dict[int, str]:
    """Net → what takes it up, in words."""
    return _boundary(netlist, of_cells="input", of_ports="output")


def _boundary(netlist: Netlist, of_cells: str, of_ports: str) -> dict[int, str]:
    ports = ((name, port) for name, port in netlist.ports.items() if port["direction"] == of_ports)
    found = {bit: f"port {name}" for name, port in ports for bit in port["bits"]}
    for name, cell in netlist.cells.items():
        if is_clocked(cell):
            found.update((bit, netlist.describe(name)) for bit in _bits(cell, of_cells))
    return {bit: words for bit, words in found.items() if isinstance(bit, int)}


def _bits(cell: Mapping[str, Any], direction: str) -> list[int | str]:
    ways = cell["port_directions"]
    return [bit for name, bits in cell["connections"].items() if ways[name] == direction for bit in bits]


def _propagate(
    edges: list[_Edge], starts: Iterable[int]
) -> tuple[dict[_State, int], dict[_State, tuple[_State, str]]]:
    """State → most LUTs on a way to it; state → the one before on that way and the cell between."""
    leaving: dict[int, list[_Edge]] = defaultdict(list)
    waiting: dict[int, int] = defaultdict(int)
    for edge in edges:
        leaving[edge.source].append(edge)
        waiting[edge.target] += 1
    luts: dict[_State, int] = {(net, 0): 0 for net in starts}
    chains: dict[int, set[int]] = defaultdict(set, {net: {0} for net in starts})
    before: dict[_State, tuple[_State, str]] = {}
    ready = deque(net for net in {*leaving, *starts} if not waiting[net])
    while ready:
        net = ready.popleft()
        for edge in leaving[net]:
            for carries in chains[net]:
                state, total = (edge.target, carries + edge.carries), luts[net, carries] + edge.luts
                if total > luts.get(state, -1):
                    luts[state], before[state] = total, ((net, carries), edge.cell)
                    chains[edge.target].add(state[1])
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                ready.append(edge.target)
    if any(waiting.values()):
        raise UserError("expected registers in every loop of the netlist, found one without")
    return luts, before


def _steps(
    netlist: Netlist, state: _State, before: Mapping[_State, tuple[_State, str]], starts: Mapping[int, str]
) -> tuple[str, ...]:
    """Where the way to a state begins, and the cells that it passes."""
    steps = []
    while state in before:
        state, cell = before[state]
        steps.append(netlist.describe(cell))
    return (starts[state[0]], *reversed(steps))
