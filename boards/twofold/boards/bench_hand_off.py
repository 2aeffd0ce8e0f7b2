"""`python -m twofold.boards.bench_hand_off FILES`: our reading of .hwh files beside pynqmetadata's.

Files of PYNQ's own overlays are in its images, and in the history of github.com/Xilinx/PYNQ (boards/*/base).
"""

from __future__ import annotations

import sys
from pathlib import Path

from pynqmetadata import ManagerPort, ProcSysCore
from pynqmetadata.frontends import Metadata
from twofold_runtime.hand_off import HandOff

Range = tuple[str, str, str, str, int, int]


def ours(path: Path) -> set[Range]:
    """Instance, interface, block, kind, base and bytes of all that software reaches."""
    found = HandOff.parse(path.read_bytes()).ranges
    return {(one.instance, one.interface, one.block, one.kind.lower(), one.base, one.nbytes) for one in found}


def theirs(path: Path) -> set[Range]:
    """The same as pynqmetadata has it: of the ports through which the processor is a master."""
    found: set[Range] = set()
    for core in Metadata(input=str(path)).blocks.values():
        ports = core.ports.values() if isinstance(core, ProcSysCore) else ()
        for port in ports:
            for name, entry in port.addrmap.items() if isinstance(port, ManagerPort) else ():
                _, instance, interface, _ = name.split(":")
                place = (instance.removesuffix("[block]"), interface.removesuffix("[port]"))
                found.add((*place, entry["block"], entry["memtype"], entry["baseaddr"], entry["addr_range"]))
    return found


def main(paths: list[str]) -> int:
    wrong = 0
    for path in map(Path, paths):
        left, right = ours(path), theirs(path)
        print(f"{path.name}: {len(left)} ranges, pynqmetadata {len(right)}, equal {len(left & right)}")
        wrong += len(left ^ right)
    if not paths:
        print("expected .hwh files, got none")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
