"""Sixteen tiles: every way in which they share layers is exact, and takes the predicted cycles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from twofold.golden.compare import Check, Status
from twofold.network.graph import Network, Tensor
from twofold.network.ops import Add, Conv2d, MaxPool2d, Op, Requantise, Threshold
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.shapes import result_shape
from twofold.network.types import IntType
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry, PeName
from twofold.rtl.isa import Opcode
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun
from twofold.sim.generated_layers import generated_layer

UINT4, UINT8, SUMS = IntType(False, 4), IntType(False, 8), IntType(True, 60)
Verify = Callable[..., tuple[Check, EngineRun]]
LibraryOnce = Callable[[Geometry], EngineLibrary]
VerifyOn = Callable[[EngineLibrary], Verify]

SIXTEEN = Geometry(
    lanes=8,
    tiles=16,
    weight_banks=16,
    kinds=(PeName.INT_MUL,),
    activation_words=512,
    weight_words=512,
    parameter_words=1024,
    sum_words=64,
    full_tiles=2,
    instructions=256,
)


@pytest.fixture(scope="session")
def verify(library_once: LibraryOnce, verify_bulk_on: VerifyOn) -> Verify:
    return verify_bulk_on(library_once(SIXTEEN))


class Chain:
    """A network op by op, each on the result of the one before."""

    def __init__(self, *shape: int) -> None:
        self.random = np.random.default_rng(1)
        self.tensors, self.ops = [Tensor("x", shape, UINT8)], list[Op]()

    def put(self, kind: type[Op], type_: IntType, *others: Tensor, **fields: object) -> None:
        sources, name = (self.tensors[-1], *others), f"{kind.__name__.lower()}{len(self.ops)}"
        op = kind(name, tuple(source.name for source in sources), name, **fields)  # type: ignore[arg-type]
        self.tensors.append(Tensor(name, result_shape(op, *(source.shape for source in sources)), type_))
        self.ops.append(op)

    def quantise(self, spread: float) -> None:
        """Codes of sums that are mostly within ±spread."""
        rows = np.sort(self.random.normal(0, spread, (self.tensors[-1].channels, 15)), axis=1)
        thresholds = np.rint(rows).astype(np.int64)
        self.put(Threshold, UINT4, thresholds=thresholds, levels=np.arange(16))

    def rescale(self) -> None:
        """Half of each code, by multiplier."""
        channels = self.tensors[-1].channels
        multiplier, shift = np.full(channels, 1 << 12), np.full(channels, 13)
        self.put(Requantise, UINT4, multiplier=multiplier, shift=shift, bounds=(0, 15))

    def convolve(self, outputs: int, side: int, stride: int) -> None:
        """[outputs, side, side] on a map that is padded to keep its size, or to halve it."""
        weight = self.random.integers(-9, 12, (outputs, self.tensors[-1].channels, side, side))
        bias, padding = self.random.integers(-99, 99, outputs), 4 * (side // 2,)
        self.put(Conv2d, SUMS, weight=weight, bias=bias, stride=(stride, stride), padding=padding)
        self.quantise(40 * np.sqrt(weight[0].size))

    def add(self) -> None:
        self.put(Add, SUMS, self.tensors[-1])
        self.quantise(15)


def network() -> Network:
    """Maps of 16 rows down to one, of one block of channels up to sixteen; sums and maxima of both ends."""
    chain = Chain(3, 16, 5)
    chain.convolve(8, 3, 1)
    chain.add()
    for blocks in (2, 4, 8):
        chain.convolve(8 * blocks, 3, 2)
        chain.add()
    chain.put(MaxPool2d, UINT4, kernel=(2, 1), stride=(2, 1))
    chain.convolve(125, 1, 1)
    chain.add()
    chain.put(Add, SUMS, chain.tensors[-1])
    chain.rescale()
    chain.convolve(136, 1, 1)
    found = Network.of("sixteen", chain.tensors, chain.ops, "x", chain.tensors[-1].name)
    return run_passes(found, [narrow_accumulators])


def layers(program: Program) -> list[Mapping[str, int]]:
    return [step.fields for step in program.instructions if step.opcode is Opcode.LAYER]


@pytest.mark.parametrize("traced", [False, True])
def test_layers_are_exact_and_take_the_predicted_cycles(traced: bool, verify: Verify) -> None:
    program = plan(network(), SIXTEEN, traced=traced)
    check, run = verify(network(), program, frames=3)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(3)
    check, _ = verify(network(), program, frames=3, stalls=0.3)
    assert check.status is Status.PASS, check.detail


def test_the_network_is_shared_in_every_way() -> None:
    found = layers(plan(network(), SIXTEEN))
    splits = {(min(fields["pe"], 1), fields["blocks_log2"], fields["tile_blocks"]) for fields in found}
    assert splits >= {(pe, log2, 1 << log2) for pe in (0, 1) for log2 in range(5)}
    assert any(fields["last_blocks"] == 1 for fields in found if fields["tile_blocks"] == 16)


@pytest.mark.parametrize("seed", [7, 33, 42, 59])
def test_generated_layers_are_exact(seed: int, verify: Verify) -> None:
    layer = generated_layer(seed, SIXTEEN)
    program = plan(layer, SIXTEEN, traced=True)
    check, run = verify(layer, program, frames=2)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(2)
    check, _ = verify(layer, program, frames=2, stalls=0.3)
    assert check.status is Status.PASS, check.detail


@pytest.mark.parametrize("field", ["in_bank", "out_bank", "tile_rows"])
def test_a_wrong_place_is_noticed(field: str, verify: Verify) -> None:
    program = plan(network(), SIXTEEN, traced=True)
    at = next(i for i, step in enumerate(program.instructions) if step.fields.get("blocks_log2") == 2)
    fields = program.instructions[at].fields
    wrong = replace(program.instructions[at], fields={**fields, field: (fields[field] + 1) % 16})
    steps = (*program.instructions[:at], wrong, *program.instructions[at + 1 :])
    check, _ = verify(network(), replace(program, instructions=steps))
    assert check.status is Status.FAIL
