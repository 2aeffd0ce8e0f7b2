"""Columns side by side are the same convolution, with fewer taps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Requantise
from twofold.network.shapes import result_shape
from twofold.network.types import IntType
from twofold.plan.columns import Columns, with_columns
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.plan.stages import stages
from twofold.rtl.geometry import Geometry, PeName

GEOMETRY = Geometry(lanes=16, kinds=(PeName.INT_MUL,))
PIXELS = IntType(False, 8, zero_point=7)


def one_layer(frame: Tensor, op: Conv2d) -> Network:
    """The convolution and codes of its sums."""
    shape = result_shape(op, frame.shape)
    codes = Requantise(
        "codes",
        (op.output,),
        "codes",
        multiplier=np.ones(shape[0], np.int64),
        shift=np.full(shape[0], 9),
        bounds=(0, 255),
    )
    tensors = (frame, Tensor(op.output, shape, IntType(True, 24)), Tensor("codes", shape, IntType(False, 8)))
    return Network.of("one_layer", tensors, (op, codes), frame.name, "codes")


def convolution(kernel: tuple[int, int], **fields: object) -> Network:
    random = np.random.default_rng(1)
    weight = random.integers(-9, 10, (5, 3, *kernel))
    op = Conv2d("conv", ("x",), "sums", weight=weight, bias=random.integers(-9, 9, 5), **fields)  # type: ignore[arg-type]
    return one_layer(Tensor("x", (3, 9, 12), PIXELS), op)


CASES = [
    ((3, 3), {"padding": (1, 1, 1, 1)}),
    ((2, 4), {"padding": (0, 1, 1, 0), "stride": (2, 3)}),
    ((3, 2), {"dilation": (2, 4), "padding": (1, 3, 0, 0)}),
    ((1, 5), {}),
]


@pytest.mark.parametrize(("kernel", "fields"), CASES)
def test_it_is_the_same_convolution(kernel: tuple[int, int], fields: dict[str, object]) -> None:
    network = convolution(kernel, **fields)
    (stage,), columns = with_columns(stages(network), GEOMETRY)
    assert columns is not None
    assert isinstance(stage.body, Conv2d)
    assert stage.body.weight.shape == (5, 3 * kernel[1], kernel[0], 1)
    frames = np.random.default_rng(2).integers(0, 256, (2, *network.input.shape))
    stored = stage.operands[0]
    packed = one_layer(Tensor("x", (stored.channels, stored.height, stored.width), PIXELS), stage.body)
    expected = execute(network, frames)["codes"]
    assert (execute(packed, columns.side_by_side(frames))["codes"] == expected).all()


def test_what_would_gain_nothing_stays() -> None:
    for network, geometry in (
        (convolution((3, 1)), GEOMETRY),
        (convolution((3, 3)), replace(GEOMETRY, lanes=8)),  # two blocks of words
        (convolution((3, 6)), GEOMETRY),
        (convolution((3, 3)), replace(GEOMETRY, kinds=(PeName.INT8_DSP,), int8_dsp_inputs=3)),
        (convolution((3, 3), padding=(1, 3, 1, 3)), GEOMETRY),  # wider than the frame
    ):
        parts = stages(network)
        assert with_columns(parts, geometry) == (parts, None)


def test_a_program_has_them_and_keeps_them(tmp_path: object) -> None:
    program = plan(convolution((3, 3), padding=(1, 1, 1, 1)), GEOMETRY)
    assert program.columns == Columns(3, 1, 1, 1, 12, 7)
    assert program.input.map.channels == 3
    assert program.input_stride == 9 * 12 * 16
    frames = np.arange(2 * 3 * 9 * 12).reshape(2, 3, 9, 12) % 251
    words = np.frombuffer(program.pack_frames(frames), np.uint8).reshape(2, 9, 12, 16)
    assert words[1, 4, 0, :10].tolist() == [7, 7, 7, *frames[1, :, 4, 0], *frames[1, :, 4, 1], 0]
    program.save(tmp_path / "program")  # type: ignore[operator]
    assert Program.load(tmp_path / "program").columns == program.columns  # type: ignore[operator]
