"""What the runtime needs of Vivado's hardware hand-off file (.hwh): where cores are, and the clocks."""

from __future__ import annotations

from xml.etree import ElementTree

from twofold_runtime.errors import AcceleratorError

_BYTES_MAX = 64 << 20


_PROCESSORS = ("processing_system7", "zynq_ultra_ps_e")
"""Types of modules whose addresses are Linux's; a soft processor has addresses of its own."""


class Range:
    """Addresses at which software reaches a block of a core's interface. kind: REGISTER or MEMORY."""

    def __init__(self, instance: str, interface: str, block: str, kind: str, base: int, nbytes: int):
        self.instance, self.interface, self.block, self.kind = instance, interface, block, kind
        self.base, self.nbytes = base, nbytes


class HandOff:
    """ranges: in the order of the file. clocks_hz: core instance → {clock port → frequency}."""

    def __init__(self, ranges: list[Range], clocks_hz: dict[str, dict[str, int]]):
        self.ranges, self.clocks_hz = ranges, clocks_hz

    @classmethod
    def parse(cls, content: bytes) -> HandOff:
        """Raises AcceleratorError for anything else than a hand-off file. Document types are refused."""
        if len(content) > _BYTES_MAX or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise AcceleratorError("hand-off file: expected Vivado's .hwh, found a document of another kind")
        try:
            root = ElementTree.fromstring(content)
        except ElementTree.ParseError as error:
            raise AcceleratorError(f"hand-off file: expected Vivado's .hwh, found {error}") from error
        if root.tag != "EDKSYSTEM":
            raise AcceleratorError(f"hand-off file: expected Vivado's .hwh, found a document {root.tag!r}")
        return cls(_ranges(root), _clocks(root))

    def window(self, instance: str) -> tuple[int, int]:
        """Base and bytes of a core's registers. Raises AcceleratorError for one that Linux does not reach."""
        registers = {one.instance: one for one in reversed(self.ranges) if one.kind == "REGISTER"}
        if instance not in registers:
            raise AcceleratorError(f"hand-off file: expected a core {instance}, found {sorted(registers)}")
        return registers[instance].base, registers[instance].nbytes


def _ranges(root: ElementTree.Element) -> list[Range]:
    found = []
    for module in root.iterfind("MODULES/MODULE"):
        if module.get("MODTYPE") in _PROCESSORS:
            found += [_range(entry) for entry in module.iterfind("MEMORYMAP/MEMRANGE")]
    return found


def _range(entry: ElementTree.Element) -> Range:
    base, high = int(entry.get("BASEVALUE", "0"), 0), int(entry.get("HIGHVALUE", "0"), 0)
    instance, interface = entry.get("INSTANCE", ""), entry.get("SLAVEBUSINTERFACE", "")
    block, kind = entry.get("ADDRESSBLOCK", ""), entry.get("MEMTYPE", "")
    return Range(instance, interface, block, kind, base, high - base + 1)


def _clocks(root: ElementTree.Element) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for module in root.iterfind("MODULES/MODULE"):
        for port in module.iterfind("PORTS/PORT"):
            if port.get("SIGIS") == "clk" and port.get("CLKFREQUENCY"):
                found.setdefault(module.get("INSTANCE", ""), {})[port.get("NAME", "")] = int(
                    port.get("CLKFREQUENCY", "0")
                )
    return found
