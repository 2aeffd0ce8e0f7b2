"""One tile and four against the golden model on layers that the demo networks do not have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from twofold.golden.compare import Check, Status
from twofold.network.dyadic import Dyadic
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
)
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.shapes import result_shape
from twofold.network.types import IntType
from twofold.plan.program import Program
from twofold.plan.schedule import plan
from twofold.rtl.geometry import Geometry
from twofold.rtl.isa import Memory, Opcode
from twofold.sim.bulk.library import EngineLibrary
from twofold.sim.engine import EngineRun

APOT = np.array([-10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10])
UINT4 = IntType(False, 4)
UINT8 = IntType(False, 8)
INT8 = IntType(True, 8)

Verify = Callable[..., tuple[Check, EngineRun]]


class Sketch:
    """Builds a network op by op; each method returns the name of its result."""

    def __init__(self, shape: tuple[int, ...], type_: IntType) -> None:
        self.random = np.random.default_rng(1)
        self.tensors = {"x": Tensor("x", shape, type_)}
        self.ops: list[Op] = []

    def put(self, kind: type[Op], type_: IntType, *operands: str, **fields: object) -> str:
        name = f"{kind.__name__.lower()}{len(self.ops)}"
        op = kind(name, operands, name, **fields)  # type: ignore[arg-type]
        shape = result_shape(op, *(self.tensors[operand].shape for operand in operands))
        self.tensors[name] = Tensor(name, shape, type_)
        self.ops.append(op)
        return name

    def wide(self, scale: Dyadic, zero_point: int = 0) -> IntType:
        return IntType(True, 60, scale, zero_point)

    def conv(
        self, source: str, outputs: int, kernel: tuple[int, int], weights: object, **fields: object
    ) -> str:
        shape = (outputs, self.tensors[source].channels, *kernel)
        return self.put(
            Conv2d,
            self.wide(Dyadic(1, 8)),
            source,
            weight=self.random.choice(np.asarray(weights), shape),
            bias=self.random.integers(-999, 999, outputs),
            **fields,
        )

    def requantise(self, source: str, type_: IntType, gain: float) -> str:
        """Real numbers times `gain`, up to a factor of 2 by channel."""
        channels = self.tensors[source].channels
        shift = self.random.integers(8, 20, channels)
        multiplier = np.clip(np.rint(gain * 2.0**shift * self.random.uniform(0.7, 1.4, channels)), 1, 65535)
        bounds = (min(type_.lo + 1, type_.zero_point), type_.hi - 2)
        return self.put(Requantise, type_, source, multiplier=multiplier, shift=shift, bounds=bounds)

    def threshold(self, source: str, type_: IntType, spread: int, count: int = 15) -> str:
        shape = (self.tensors[source].channels, count)
        thresholds = np.sort(self.random.integers(-spread, spread, shape), axis=1)
        levels = np.sort(self.random.integers(type_.lo, type_.hi, count + 1, endpoint=True))
        return self.put(Threshold, type_, source, thresholds=thresholds, levels=levels)

    def logits(self, source: str, outputs: int) -> str:
        flat = self.put(Flatten, self.tensors[source].type, source)
        weight = self.random.integers(-127, 128, (outputs, self.tensors[flat].channels))
        bias = self.random.integers(-9999, 9999, outputs)
        return self.put(Linear, self.wide(Dyadic(1, 8)), flat, weight=weight, bias=bias)

    def network(self, name: str, output: str) -> Network:
        network = Network.of(name, self.tensors.values(), self.ops, "x", output)
        return run_passes(network, [narrow_accumulators])


def convolutions() -> Network:
    """Kernels, strides, dilation, padding on one side, zero points, signs, and all three kinds."""
    sketch = Sketch((3, 13, 11), IntType(True, 8, zero_point=-5))
    full = np.arange(-128, 128)
    sums = sketch.conv("x", 11, (5, 5), full, padding=(2, 1, 1, 3))
    codes = sketch.threshold(sums, IntType(False, 6), 40000)
    sums = sketch.conv(codes, 16, (3, 2), APOT, stride=(2, 3), dilation=(2, 1), padding=(1, 0, 2, 1))
    codes = sketch.requantise(sums, IntType(True, 8, zero_point=3), 0.02)
    sums = sketch.conv(codes, 9, (1, 1), full)
    codes = sketch.requantise(sums, UINT4, 0.0005)
    sums = sketch.conv(codes, 10, (2, 1), np.arange(-10, 11))
    codes = sketch.requantise(sums, IntType(False, 8, zero_point=7), 0.1)
    sums = sketch.conv(codes, 5, (3, 3), full[1:], padding=(3, 0, 0, 2))
    return sketch.network("convolutions", sketch.threshold(sums, IntType(True, 5), 60000, count=3))


def poolings() -> Network:
    """Maxima of signed codes with padding, sums, additions with shifts, and a linear layer on a map."""
    two, one = Dyadic(1, 2), Dyadic(1, 4)
    sketch = Sketch((11, 6, 7), IntType(True, 8, one, zero_point=-9))
    left = sketch.requantise("x", IntType(True, 8, two), 0.3)
    right = sketch.put(
        MaxPool2d, sketch.tensors["x"].type, "x", kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1)
    )
    total = sketch.put(Add, sketch.wide(one, -9), left, right, shifts=(2, 0))
    codes = sketch.threshold(total, IntType(True, 8, one, 2), 300)
    codes = sketch.put(
        MaxPool2d, sketch.tensors[codes].type, codes, kernel=(3, 2), stride=(2, 1), padding=(1, 0, 2, 1)
    )
    doubled = sketch.put(Add, sketch.wide(one, 4), codes, codes)
    codes = sketch.requantise(doubled, IntType(True, 8, one), 0.55)
    sums = sketch.put(SumPool2d, sketch.wide(one), codes, kernel=(2, 3), stride=(1, 2))
    codes = sketch.requantise(sums, IntType(False, 8, one, 100), 0.2)
    best = sketch.put(MaxPool2d, sketch.tensors[codes].type, codes, kernel=(1, 2), stride=(1, 1))
    return sketch.network("poolings", sketch.logits(sketch.requantise(best, UINT8, 0.9), 13))


def wide() -> Network:
    """Parameters that do not fit: they are loaded anew before each layer of each frame."""
    sketch = Sketch((16, 1, 3), UINT8)
    codes = sketch.threshold(sketch.conv("x", 64, (1, 1), APOT), UINT4, 2000)
    codes = sketch.threshold(sketch.conv(codes, 65, (1, 1), APOT), UINT4, 900, count=1)
    return sketch.network("wide", sketch.logits(codes, 10))


def residual() -> Network:
    """A residual block, another of half the rows and more channels, and a global sum."""
    sketch, full = Sketch((3, 16, 16), UINT8), np.arange(-127, 128)
    codes = sketch.requantise(sketch.conv("x", 8, (3, 3), full, padding=(1, 1, 1, 1)), UINT4, 2e-4)
    for width, stride in ((8, 1), (20, 2)):
        sums = sketch.conv(codes, width, (3, 3), APOT, stride=(stride, stride), padding=(1, 1, 1, 1))
        body = sketch.threshold(sums, UINT4, 900)
        body = sketch.threshold(sketch.conv(body, width, (3, 3), APOT, padding=(1, 1, 1, 1)), UINT4, 900)
        if stride > 1:
            codes = sketch.threshold(sketch.conv(codes, width, (1, 1), APOT, stride=(2, 2)), UINT4, 300)
        total = sketch.put(Add, sketch.wide(UINT4.scale), body, codes)
        codes = sketch.threshold(total, UINT4, 30)
    total = sketch.put(SumPool2d, sketch.wide(UINT4.scale), codes, kernel=(8, 8), stride=(8, 8))
    return sketch.network("residual", sketch.logits(sketch.requantise(total, UINT8, 0.2), 10))


def joined() -> Network:
    """Tensors joined with the frame, with all before them, twice, in another order, and as vectors."""
    full = np.arange(-127, 128)
    sketch = Sketch((5, 6, 4), UINT8)
    around = sketch.put(MaxPool2d, UINT8, "x", kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1))
    frame = sketch.put(Concat, UINT8, "x", around)
    one = sketch.requantise(sketch.conv(frame, 12, (1, 1), full), UINT4, 2e-4)
    two = sketch.threshold(sketch.conv(one, 9, (3, 3), APOT, padding=(1, 1, 1, 1)), UINT4, 900)
    both = sketch.put(Concat, UINT4, one, two)
    three = sketch.threshold(sketch.conv(both, 20, (1, 1), APOT), IntType(False, 3), 600, count=5)
    four = sketch.put(Concat, UINT4, one, two, three)
    other = sketch.put(Concat, UINT4, two, both, two)
    copy = sketch.requantise(four, UINT4, 0.9)
    total = sketch.threshold(sketch.put(Add, sketch.wide(UINT4.scale), four, copy), UINT4, 20)
    total = sketch.put(MaxPool2d, UINT4, total, kernel=(3, 3), stride=(3, 3))
    left = sketch.threshold(sketch.conv(total, 8, (2, 1), APOT), UINT4, 900)
    other = sketch.put(MaxPool2d, UINT4, other, kernel=(6, 4), stride=(1, 1))
    right = sketch.threshold(sketch.conv(other, 11, (1, 1), APOT), UINT4, 900)
    ends = [sketch.put(Flatten, UINT4, part) for part in (left, right)]
    logits = sketch.conv(sketch.put(Concat, UINT4, left, right), 3, (1, 1), APOT)
    ends.append(sketch.put(Flatten, UINT4, sketch.threshold(logits, UINT4, 900)))
    return sketch.network("joined", sketch.logits(sketch.put(Concat, UINT4, *ends), 10))


def enlarged() -> Network:
    """Upsampling in bands that lie like the result's and in others, pools of more than 63 rows."""
    sketch = Sketch((5, 3, 5), IntType(True, 8, zero_point=-7))
    codes = sketch.put(Upsample2d, sketch.tensors["x"].type, "x")
    sums = sketch.conv(codes, 12, (3, 3), np.arange(-9, 9), padding=(1, 1, 2, 1))
    codes = sketch.put(MaxPool2d, UINT4, sketch.requantise(sums, UINT4, 2e-3), kernel=(2, 4), stride=(2, 5))
    codes = sketch.threshold(sketch.put(Upsample2d, UINT4, codes), UINT4, 12)
    codes = sketch.put(MaxPool2d, UINT4, codes, kernel=(3, 2), stride=(3, 2))
    for _ in range(5):
        doubled = sketch.put(Upsample2d, UINT4, codes)
        codes = sketch.put(MaxPool2d, UINT4, doubled, kernel=(1, 2), stride=(1, 2))
    best = sketch.put(MaxPool2d, UINT4, codes, kernel=(65, 1), stride=(1, 1), padding=(9, 0, 5, 0))
    sums = [
        sketch.put(SumPool2d, sketch.wide(UINT4.scale), source, kernel=kernel, stride=kernel)
        for source, kernel in ((best, (14, 2)), (codes, (64, 2)))
    ]
    means = [sketch.requantise(total, UINT8, 0.1) for total in sums]
    return sketch.network("enlarged", sketch.logits(sketch.put(Concat, UINT8, *means), 10))


NETWORKS = {build.__name__: build for build in (convolutions, poolings, wide, residual, joined, enlarged)}


@pytest.mark.parametrize("stalls", [0.0, 0.4])
@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_exact(name: str, stalls: float, engine_geometry: Geometry, verify_bulk: Verify) -> None:
    network = NETWORKS[name]()
    program = plan(network, engine_geometry, traced=True)
    check, run = verify_bulk(network, program, frames=2, seed=3, stalls=stalls)
    assert check.status is Status.PASS, check.detail
    if not stalls:
        assert run.cycles == program.predicted_cycles(2)
        assert run.instruction_cycles == tuple(step.cycles for step in program.instructions)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_without_stores_between_are_exact(
    name: str, engine_geometry: Geometry, verify_bulk: Verify
) -> None:
    network = NETWORKS[name]()
    program = plan(network, engine_geometry)
    check, run = verify_bulk(network, program, frames=3, seed=4)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(3)


@settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
@given(drawn=st.data())
def test_random_networks_are_exact(
    networks: st.SearchStrategy[Network], engine_geometry: Geometry, verify_bulk: Verify, drawn: st.DataObject
) -> None:
    network = drawn.draw(networks)
    program = plan(network, engine_geometry, traced=True)
    check, run = verify_bulk(network, program, frames=2)
    assert check.status is Status.PASS, check.detail
    assert run.cycles == program.predicted_cycles(2)


def layers(program: Program) -> list[str]:
    return [step.label for step in program.instructions if step.opcode is Opcode.LAYER]


def test_maps_of_more_words_than_a_transfer_moves_are_exact(
    engine_geometry: Geometry, verify_bulk: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames and results come and go in pieces: of a few bands of 64 words on four tiles, of parts of one."""
    network = residual()
    for most, traced in ((150, True), (40, False)):
        whole = plan(network, engine_geometry, traced=traced)
        monkeypatch.setattr("twofold.plan.memory.banks.TRANSFER_WORDS_MAX", most)
        program = plan(network, engine_geometry, traced=traced)
        monkeypatch.undo()
        assert len(program.instructions) > len(whole.instructions)
        check, run = verify_bulk(network, program, frames=2)
        assert check.status is Status.PASS, check.detail
        assert run.cycles == program.predicted_cycles(2)


def test_the_networks_need_what_they_are_there_for(geometry: Geometry) -> None:
    program = plan(convolutions(), geometry)
    kinds = {step.fields["pe"] for step in program.instructions if step.opcode is Opcode.LAYER}
    assert kinds == {1, 2, 3}
    assert len(layers(program)) > len(set(layers(program))), "no layer is computed in bands"
    loads = [step for step in plan(wide(), geometry).instructions if step.opcode is Opcode.LOAD]
    assert [step.label for step in loads if step.fields["memory"] == Memory.PARAMETERS] != ["parameters"]


@pytest.mark.parametrize("field", ["in_bank", "out_bank", "tile_rows"])
def test_a_wrong_place_is_noticed(
    field: str,
    four_tiles: Geometry,
    library_once: Callable[[Geometry], EngineLibrary],
    verify_bulk_on: Callable[[EngineLibrary], Verify],
) -> None:
    network = residual()
    program = plan(network, four_tiles, traced=True)
    at = next(i for i, step in enumerate(program.instructions) if step.opcode is Opcode.LAYER)
    fields = program.instructions[at].fields
    wrong = replace(program.instructions[at], fields={**fields, field: fields[field] + 1})
    steps = (*program.instructions[:at], wrong, *program.instructions[at + 1 :])
    check, _ = verify_bulk_on(library_once(four_tiles))(network, replace(program, instructions=steps))
    assert check.status is Status.FAIL
    assert 0 < check.mismatches < check.elements


def test_the_networks_share_layers_in_every_way(four_tiles: Geometry) -> None:
    programs = [plan(build(), four_tiles) for build in NETWORKS.values()]
    layers = [
        step.fields for program in programs for step in program.instructions if step.opcode is Opcode.LAYER
    ]
    splits = {(min(fields["pe"], 1), fields["blocks_log2"]) for fields in layers}
    assert splits == {(weights, blocks) for weights in (0, 1) for blocks in (0, 1, 2)}
    assert any(fields["last_blocks"] < fields["tile_blocks"] for fields in layers), "no group lacks blocks"
    assert any(fields["tile_blocks"] < 1 << fields["blocks_log2"] for fields in layers), "no tile is idle"


def wide_input() -> Network:
    """A frame that takes longer to transfer than to compute, and results that its words must wait for."""
    sketch = Sketch((8, 24, 20), UINT8)
    sums = sketch.conv("x", 8, (1, 1), np.arange(-9, 9), stride=(2, 2))
    codes = sketch.requantise(sums, UINT8, 0.1)
    codes = sketch.requantise(sketch.conv(codes, 8, (1, 1), np.arange(-9, 9)), UINT8, 0.1)
    sums = sketch.conv(codes, 8, (1, 1), np.arange(-9, 9), stride=(6, 5))
    return sketch.network("wide_input", sketch.logits(sketch.requantise(sums, UINT8, 0.1), 3))


@pytest.mark.parametrize("stalls", [0.0, 0.4])
def test_a_prefetch_that_takes_longer_than_the_layers_is_waited_for(
    stalls: float, engine_geometry: Geometry, verify_bulk: Verify
) -> None:
    network = wide_input()
    program = plan(network, engine_geometry)
    check, run = verify_bulk(network, program, frames=4, stalls=stalls)
    assert check.status is Status.PASS, check.detail
    assert stalls or run.cycles == program.predicted_cycles(4)
    assert program.frame_cycles > program.last_frame_cycles + 100


def test_a_prefetch_before_the_last_reader_is_noticed(engine_geometry: Geometry, verify_bulk: Verify) -> None:
    network = residual()
    program = plan(network, engine_geometry)
    steps = [step for step in program.instructions if step.opcode is not Opcode.PREFETCH]
    early = next(step for step in program.instructions if step.opcode is Opcode.PREFETCH)
    frame = next(index for index, step in enumerate(steps) if step.opcode is Opcode.FRAME) + 1
    steps.insert(frame, early)
    check, _ = verify_bulk(network, replace(program, instructions=tuple(steps)), frames=3)
    assert check.status is Status.FAIL
