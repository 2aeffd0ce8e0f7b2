"""How output pixels meet input pixels."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.network.ops import Add, Conv2d, MaxPool2d
from twofold.plan.stages import Stage


@dataclass(frozen=True)
class Window:
    """How output pixels meet input pixels, in (y, x)."""

    taps: tuple[int, int]
    stride: tuple[int, int]
    origin: tuple[int, int]
    dilation: tuple[int, int]

    @property
    def extent(self) -> tuple[int, int]:
        """Input rows and columns from the first tap to the last, both included."""
        return self.dilation[0] * (self.taps[0] - 1) + 1, self.dilation[1] * (self.taps[1] - 1) + 1

    @classmethod
    def of(cls, stage: Stage) -> Window:
        body = stage.body
        if isinstance(body, Conv2d):
            taps = (body.weight.shape[2], body.weight.shape[3])
            return cls(taps, body.stride, (-body.padding[0], -body.padding[1]), body.dilation)
        if isinstance(body, Add):
            return cls((1, 1), (1, 1), (0, 0), (1, 1))
        if isinstance(body, MaxPool2d):
            return cls(body.kernel, body.stride, (-body.padding[0], -body.padding[1]), (1, 1))
        return cls(body.kernel, body.stride, (0, 0), (1, 1))
