"""How output pixels meet input pixels."""

from __future__ import annotations

from dataclasses import dataclass

from twofold.network.ops import Add, Conv2d, MaxPool2d, Upsample2d
from twofold.plan.stages import Stage


@dataclass(frozen=True)
class Window:
    """How output pixels meet input pixels, in (y, x). A stride of which there is but one window is 1.

    doubled: two rows and two columns of the output meet the same pixel.
    """

    taps: tuple[int, int]
    stride: tuple[int, int]
    origin: tuple[int, int]
    dilation: tuple[int, int]
    doubled: bool = False

    def input_rows(self, rows: int) -> int:
        """From an output row to the one `rows` further, an even number of them if they are doubled."""
        return rows // 2 if self.doubled else rows * self.stride[0]

    @property
    def extent(self) -> tuple[int, int]:
        """Input rows and columns from the first tap to the last, both included."""
        return self.dilation[0] * (self.taps[0] - 1) + 1, self.dilation[1] * (self.taps[1] - 1) + 1

    @classmethod
    def of(cls, stage: Stage) -> Window:
        body, one = stage.body, (1, 1)
        if isinstance(body, Add | Upsample2d):
            return cls(one, one, (0, 0), one, doubled=isinstance(body, Upsample2d))
        stride = (
            1 if stage.sums.height == 1 else body.stride[0],
            1 if stage.sums.width == 1 else body.stride[1],
        )
        if isinstance(body, Conv2d):
            taps = (body.weight.shape[2], body.weight.shape[3])
            return cls(taps, stride, (-body.padding[0], -body.padding[1]), body.dilation)
        if isinstance(body, MaxPool2d):
            return cls(body.kernel, stride, (-body.padding[0], -body.padding[1]), one)
        return cls(body.kernel, stride, (0, 0), one)
