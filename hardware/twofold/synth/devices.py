"""What devices have, and whether a design fits."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from twofold.synth.utilisation import Utilisation


@dataclass(frozen=True)
class Device:
    """Resources of an FPGA. lutram: how many of its `lut` can be memories or shift registers."""

    name: str
    family: str
    lut: int
    lutram: int
    ff: int
    dsp: int
    bram36: int

    def shares(self, used: Utilisation) -> dict[str, float]:
        """Used part of each resource, 1.0 being all of it. `lut` counts those used as memory too."""
        return {
            "lut": (used.lut + used.lutram) / self.lut,
            "lutram": used.lutram / self.lutram,
            "ff": used.ff / self.ff,
            "dsp": used.dsp / self.dsp,
            "bram36": used.bram36 / self.bram36,
        }

    def fits(self, used: Utilisation) -> bool:
        """Whether no resource is used more than it is there. Says nothing about routing or timing."""
        return all(share <= 1.0 for share in self.shares(used).values())


ZYNQ_7020 = Device("Zynq-7020", "xc7", lut=53_200, lutram=17_400, ff=106_400, dsp=220, bram36=140)
"""XC7Z020, as on PYNQ-Z1, PYNQ-Z2 and ZedBoard (AMD data sheet DS190)."""

K26 = Device("K26", "xcup", lut=117_120, lutram=57_600, ff=234_240, dsp=1_248, bram36=144)
"""XCK26, as on KV260 (AMD data sheet DS987)."""

ZU7EV = Device("XCZU7EV", "xcup", lut=230_400, lutram=101_760, ff=460_800, dsp=1_728, bram36=312)
"""As on ZCU104 (AMD data sheet DS891)."""

DEVICES = MappingProxyType({device.name: device for device in (ZYNQ_7020, K26, ZU7EV)})
