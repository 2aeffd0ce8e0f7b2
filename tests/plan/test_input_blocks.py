"""Groups of output blocks read the input blocks whose weights are not zero, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Conv2d, Requantise
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType
from twofold.plan.input_blocks import InputBlocks
from twofold.plan.schedule import plan
from twofold.plan.stages import Stage, stages, without_groups
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode

ENGINE = Geometry(lanes=8, kinds=(PeName.INT_MUL,))
UINT8 = IntType(False, 8)


def network(channels: int, outputs: int, groups: int, rows: int = 9) -> Network:
    rng = np.random.default_rng(1)
    weight = rng.integers(1, 9, (outputs, channels // groups, 3, 3))
    ones = np.ones(outputs, np.int64)
    ops = (
        Conv2d("conv", ("x",), "sums", weight=weight, bias=ones, padding=(1, 1, 1, 1), groups=groups),
        Requantise("codes", ("sums",), "codes", multiplier=ones, shift=8 * ones, bounds=(0, 255)),
    )
    tensors = (
        Tensor("x", (channels, rows, 7), UINT8),
        Tensor("sums", (outputs, rows, 7), IntType(True, 40)),
        Tensor("codes", (outputs, rows, 7), UINT8),
    )
    return run_passes(Network.of("groups", tensors, ops, "x", "codes"), [narrow_accumulators])


def stage(*sizes: int) -> Stage:
    return stages(network(*sizes))[0]


@pytest.mark.parametrize("groups", [2, 3, 12])
def test_zeros_stand_for_other_groups(groups: int) -> None:
    grouped = network(12, 24, groups)
    conv = grouped.ops[0]
    assert isinstance(conv, Conv2d)
    whole = without_groups(conv)
    assert (whole.groups, whole.weight.shape) == (1, (24, 12, 3, 3))
    dense = Network.of("dense", grouped.tensors.values(), (whole, grouped.ops[1]), "x", "codes")
    codes = np.random.default_rng(0).integers(0, 256, (2, 12, 9, 7))
    assert np.array_equal(execute(grouped, codes)["codes"], execute(dense, codes)["codes"])
    assert without_groups(whole) is whole


@pytest.mark.parametrize(
    ("sizes", "group_blocks", "expected"),
    [
        ((32, 32, 1), 1, InputBlocks(4, (0, 0, 0, 0), 4)),
        ((32, 32, 32), 1, InputBlocks(1, (0, 1, 2, 3), 4)),
        ((32, 64, 32), 1, InputBlocks(1, (0, 0, 1, 1, 2, 2, 3, 3), 4)),
        ((32, 32, 32), 2, InputBlocks(2, (0, 2), 4)),
        ((24, 24, 2), 1, InputBlocks(3, (0, 0, 0), 3)),
        ((48, 48, 4), 1, InputBlocks(3, (0, 0, 1, 3, 3, 4), 6)),
    ],
)
def test_ranges_of_blocks(sizes: tuple[int, int, int], group_blocks: int, expected: InputBlocks) -> None:
    assert InputBlocks.of(stage(*sizes), group_blocks, ENGINE) == expected


def test_ranges_begin_where_addresses_change() -> None:
    """Four tiles and two rows: two blocks have the same address."""
    four = replace(ENGINE, tiles=4, weight_banks=4)
    assert InputBlocks.of(stage(32, 32, 32, 2), 1, four) == InputBlocks(2, (0, 0, 2, 2), 4)


def test_depthwise_takes_a_sweep_a_tap_and_weights_for_no_more() -> None:
    depthwise, dense = (plan(network(32, 32, groups), ENGINE) for groups in (32, 1))
    layers = [step.fields for step in depthwise.instructions if step.opcode is Opcode.LAYER]
    assert [fields["in_blocks"] for fields in layers] == [1] * 4
    assert len({fields["in_base"] for fields in layers}) == 4
    assert 2.9 * depthwise.frame_cycles < dense.frame_cycles
    weights, other = (
        next(step.fields["words"] for step in program.instructions if step.label == "weights")
        for program in (depthwise, dense)
    )
    assert 4 * weights == other


def test_sums_that_stay_read_all_blocks() -> None:
    grouped = network(32, 32, 32)
    sums = {name: tensor for name, tensor in grouped.tensors.items() if name != "codes"}
    (only,) = stages(Network.of("sums", sums.values(), grouped.ops[:1], "x", "sums"))
    assert only.quantiser is None
    assert InputBlocks.of(only, 1, ENGINE) == InputBlocks(4, (0, 0, 0, 0), 4)
