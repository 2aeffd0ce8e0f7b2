"""Where training computes, and in which number format."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twofold.data.dataset import Images
from twofold.train.compiled import Compiled, Eager, Forward

#: Images of fewer values than this train faster on one thread, in float32.
SMALL_IMAGE = 256
#: Images of at least so many values train so long that compiling, half a minute to minutes, is soon paid.
LARGE_IMAGE = 1024
#: Batches of a stage that pay for compiling.
_BATCHES_THAT_PAY = 500


@dataclass(frozen=True)
class Compute:
    """device: "cpu" or "cuda", the process's own GPU (`twofold.train.processes`); dtype: of convolutions and
    matrix products, float32 or bfloat16.

    Weights, their gradients and what an optimiser holds are float32 in either case. compile: whether the
    forward and backward pass of long training are compiled; results differ in the last bits.
    """

    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    compile: bool = False

    @classmethod
    def for_images(cls, shape: tuple[int, int, int]) -> Compute:
        """The fastest that this machine has for images [C, H, W]: a GPU, bfloat16 where hardware has it."""
        if math.prod(shape) < SMALL_IMAGE:
            return cls()
        large = math.prod(shape) >= LARGE_IMAGE
        if torch.cuda.is_available():
            return cls("cuda", _bfloat16_if(torch.cuda.is_bf16_supported(including_emulation=False)), large)
        return cls("cpu", _bfloat16_if(_cpu_has_bfloat16()), large)

    @property
    def layout(self) -> torch.memory_format:
        """Channels last is what bfloat16 convolutions are fast in."""
        return torch.channels_last if self.dtype == torch.bfloat16 else torch.contiguous_format

    def autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def place(self, model: nn.Module) -> None:
        """Moves a model here, in place."""
        model.to(self.device)
        model.to(memory_format=self.layout)  # type: ignore[call-overload]

    def forward(self, model: nn.Module, batch: int, batches: int) -> Forward:
        """How to train a placed model with `batches` batches of `batch` images."""
        worth_it = self.compile and batches >= _BATCHES_THAT_PAY
        return Compiled(model, batch) if worth_it else Eager(model)

    def images(self, images: Images) -> Images:
        """The images in this device's memory."""
        return Images(images.pixels.to(self.device), images.labels.to(self.device), images.full_scale)

    def real(self, images: Images) -> Tensor:
        """[N, C, H, W] in [0, 1], in the layout of this device."""
        return images.real.contiguous(memory_format=self.layout)


def _bfloat16_if(supported: bool) -> torch.dtype:
    return torch.bfloat16 if supported else torch.float32


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; emulated, it is slower than float32."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "arm_bf16", "bf16"))


def to_home(model: nn.Module) -> None:
    """Moves a model back to the CPU and to the layout that everything else expects, in place."""
    model.to("cpu")
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
