"""What the runtime needs of Vivado's hardware hand-off file (.hwh): where cores are, and the clocks."""

from __future__ import annotations

from xml.etree import ElementTree

from twofold_runtime.errors import AcceleratorError

_BYTES_MAX = 64 << 20


class HandOff:
    """windows: instance of a core → (base, bytes) of its registers, as the processor or the bridge sees it.

    clocks_hz: core instance → {clock port → frequency}.
    """

    def __init__(self, windows: dict[str, tuple[int, int]], clocks_hz: dict[str, dict[str, int]]):
        self.windows, self.clocks_hz = windows, clocks_hz

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
        return cls(_windows(root), _clocks(root))

    def window(self, instance: str) -> tuple[int, int]:
        """Raises AcceleratorError for a core that software does not reach."""
        if instance not in self.windows:
            raise AcceleratorError(f"hand-off file: expected a core {instance}, found {sorted(self.windows)}")
        return self.windows[instance]


def _windows(root: ElementTree.Element) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for entry in root.iterfind("MODULES/MODULE/MEMORYMAP/MEMRANGE"):
        if entry.get("MEMTYPE") == "REGISTER":
            base, high = int(entry.get("BASEVALUE", "0"), 0), int(entry.get("HIGHVALUE", "0"), 0)
            found.setdefault(entry.get("INSTANCE", ""), (base, high - base + 1))
    return found


def _clocks(root: ElementTree.Element) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for module in root.iterfind("MODULES/MODULE"):
        for port in module.iterfind("PORTS/PORT"):
            if port.get("SIGIS") == "clk" and port.get("CLKFREQUENCY"):
                found.setdefault(module.get("INSTANCE", ""), {})[port.get("NAME", "")] = int(
                    port.get("CLKFREQUENCY", "0")
                )
    return found
