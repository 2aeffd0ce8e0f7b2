"""Where program, model, frames and results are in the memory of a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.plan.program import Program

PAGE = 4096
FIRST = 0x1000


@dataclass(frozen=True)
class MemoryLayout:
    """Byte addresses, each at the start of a page; strides and lengths in bytes."""

    program: int
    program_bytes: int
    model: int
    input: int
    input_stride: int
    output: int
    output_stride: int
    output_bytes: int

    @classmethod
    def of(cls, program: Program, frames: int) -> MemoryLayout:
        model = _page(FIRST + len(program.code))
        input_ = _page(model + len(program.image))
        output = _page(input_ + frames * program.input_stride)
        return cls(
            FIRST,
            len(program.code),
            model,
            input_,
            program.input_stride,
            output,
            program.output_stride,
            frames * program.output_stride,
        )

    def reads(self, frames: int) -> tuple[range, ...]:
        """What a run of `frames` frames may read; the model's last page is whole."""
        return (
            range(self.program, self.program + self.program_bytes),
            range(self.model, self.input),
            range(self.input, self.input + frames * self.input_stride),
        )

    def writes(self) -> tuple[range, ...]:
        """What it may write."""
        return (range(self.output, self.output + self.output_bytes),)

    def registers(self, frames: int) -> Mapping[str, int]:
        """The engine's registers for a run of `frames` frames."""
        return {
            "PROGRAM_ADDR": self.program,
            "PROGRAM_BYTES": self.program_bytes,
            "MODEL_ADDR": self.model,
            "INPUT_ADDR": self.input,
            "OUTPUT_ADDR": self.output,
            "FRAMES": frames,
            "INPUT_STRIDE": self.input_stride,
            "OUTPUT_STRIDE": self.output_stride,
        }


def _page(address: int) -> int:
    return -(-address // PAGE) * PAGE
