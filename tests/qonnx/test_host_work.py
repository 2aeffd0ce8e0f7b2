"""A board's runtime turns images into the codes that the reader gives, every element of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes
from twofold_runtime.errors import AcceleratorError
from twofold_runtime.frames import MODES as MODES_OF_RUNTIME
from twofold_runtime.frames import STEPS as STEPS_OF_RUNTIME
from twofold_runtime.frames import quantise
from twofold_runtime.results import FUNCTIONS, file_values

from twofold.golden.execute import execute
from twofold.network.host import RESULT_KINDS
from twofold.qonnx.executor import run_executor
from twofold.qonnx.fuzz.seeds import seeds
from twofold.qonnx.importer.host_work import MAX_NUMBERS, image_reading
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.importer.rounding import MODES, Clamped, TruncRounding
from twofold.qonnx.importer.steps import Plus, Step

DOMAIN = "qonnx.custom_op.general"
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)


def test_the_runtime_has_the_importers_rounding_modes() -> None:
    assert MODES_OF_RUNTIME.keys() == MODES.keys()


def plain(graph: Any) -> None:
    graph.quantised_input()


def scaled(graph: Any) -> None:
    """As FINN's networks for MNIST: Mul, Sub, Quant."""
    graph.node("Mul", ["images", graph.constant("two", 2.0)], "doubled")
    graph.node("Sub", ["doubled", graph.constant("one", [1.0])], "centred")
    graph.quant("centred", "x", 0.3, 3)


def subtracted_from(graph: Any) -> None:
    graph.node("Sub", [graph.constant("one", 1.0), "images"], "negative")
    graph.quant("negative", "x", 2**-5)


def normalised(graph: Any) -> None:
    """A mean and a deviation for each channel, and clamps."""
    for name, kind, values in (("mean", "Sub", MEAN), ("deviation", "Div", DEVIATION)):
        graph.constant(name, np.reshape(values, (3, 1, 1)))
        graph.node(kind, [graph.nodes[-1].output[0] if graph.nodes else "images", name], f"{name}.y")
    graph.node("Clip", ["deviation.y", graph.constant("lo", -1.5), graph.constant("hi", 1.25)], "clipped")
    graph.quant("clipped", "x", 0.0137, zero=11)


def bipolar(graph: Any) -> None:
    graph.node("Mul", ["images", graph.constant("two", 2.0)], "doubled")
    graph.node("Sub", ["doubled", graph.constant("one", [1.0])], "centred")
    graph.node("BipolarQuant", ["centred", graph.constant("x.scale", 1.0)], "x", DOMAIN)


def qdq(graph: Any) -> None:
    inputs = [graph.constant("s", 0.0171), graph.constant("z", 117, np.uint8)]
    graph.node("QuantizeLinear", ["images", *inputs], "q")
    graph.node("DequantizeLinear", ["q", *inputs], "x")


def channels_last(graph: Any) -> None:
    """Images [N, H, W, C], scaled by channel, as Keras has them."""
    graph.node("Mul", ["images", graph.constant("factor", [0.5, 1.5, -2.0])], "scaled")
    graph.quant("scaled", "last", 0.07, 6)
    graph.node("Transpose", ["last"], "x", perm=[0, 3, 1, 2])


HEADS: dict[str, tuple[Callable[[Any], None], tuple[int, ...]]] = {
    **{
        head.__name__: (head, (3, 4, 5))
        for head in (plain, scaled, subtracted_from, normalised, bipolar, qdq)
    },
    "channels_last": (channels_last, (4, 5, 3)),
}


def rounded(mode: str) -> Callable[[Any], None]:
    return lambda graph: graph.quant("images", "x", 0.1, 5, 3, rounding_mode=mode)


HEADS |= {mode: (rounded(mode), (3, 4, 5)) for mode in MODES}


@pytest.fixture
def imported(request: pytest.FixtureRequest, new_graph: Any, save: Any) -> tuple[Path, Imported]:
    head, shape = HEADS[request.param]
    graph = new_graph(shape)
    head(graph)
    graph.conv("x", "y", (2, 3, 3, 3))
    path = save(graph)
    return path, import_file(path, approximate=True)


def images_of(reader: ImageReader) -> Any:
    """Probes with ties, any numbers, and bytes over 255."""
    random, shape = np.random.default_rng(4), (64, *reader.image_shape)
    pixels = random.integers(0, 256, shape).astype(np.float32) / np.float32(255)
    return np.concatenate([reader.probes(64, seed=1), random.normal(size=shape) * 3, pixels])


def described(imported: Imported) -> dict[str, Any]:
    """As it is read on a board."""
    found: dict[str, Any] = json.loads(json.dumps(imported.host_work.as_json()))
    return found


@pytest.mark.parametrize("imported", HEADS, indirect=True)
def test_the_runtimes_codes_are_the_readers(imported: tuple[Path, Imported]) -> None:
    path, model = imported
    images = images_of(model.reader)
    codes = model.reader.codes_of(images)
    assert len(np.unique(codes)) > 1
    assert np.array_equal(quantise(images, described(model)), codes)
    few = np.asarray(images[::24], np.float32)
    executed = run_executor(path, model.network, codes[::24], few, model.views)
    name = model.network.input_name
    assert np.array_equal(executed[name], codes[::24]), "and the executor's"


@pytest.mark.parametrize("name", seeds())
def test_codes_of_vectors_are_pixels(name: str, tmp_path: Path) -> None:
    (tmp_path / "seed.onnx").write_bytes(seeds()[name])
    model = import_file(tmp_path / "seed.onnx")
    images = images_of(model.reader)
    found = quantise(images, described(model))
    shape = model.network.input.shape
    assert found.shape[1:] == (shape if len(shape) == 3 else (*shape, 1, 1))
    assert np.array_equal(found.reshape(-1, *shape), model.reader.codes_of(images))


@pytest.mark.parametrize("imported", ["plain", "scaled", "qdq"], indirect=True)
def test_probes_cover_the_input_and_have_ties(imported: tuple[Path, Imported]) -> None:
    reader = imported[1].reader
    probes = reader.probes(256, seed=0)
    codes = reader.codes_of(probes)
    assert set(np.unique(codes)) == set(reader.codes.tolist())
    assert (probes < reader.images_of(np.full_like(codes[:1], codes.min())).min()).any()
    assert (probes > reader.images_of(np.full_like(codes[:1], codes.max())).max()).any()


@pytest.mark.parametrize("imported", ["plain"], indirect=True)
def test_half_of_the_probes_are_codes_and_ties(imported: tuple[Path, Imported]) -> None:
    halves = imported[1].reader.probes(4, seed=0) * 2**5
    assert (halves[::2] % 1 == 0).all() and (halves[::2] % 2 == 1).any()
    assert (halves[1::2] % 1 != 0).any()


ENDS = {
    "factors": ("Mul", "Div"),
    "softmax": ("Mul", "Softmax"),
    "log_softmax": ("LogSoftmax",),
    "sigmoid": ("Mul", "Sigmoid"),
    "argmax": ("Div", "ArgMax"),
    "twice": ("Softmax", "LogSoftmax"),
    "nothing": (),
}


@pytest.mark.filterwarnings("ignore:Output shapes disagree:UserWarning")
@pytest.mark.parametrize("end", ENDS)
def test_the_runtimes_values_are_the_executors(new_graph: Any, save: Any, end: str) -> None:
    graph = new_graph((5,))
    weights = graph.weights("weight", (5, 3))
    graph.node("MatMul", [graph.quantised_input(), weights], "logits")
    last = "logits"
    for place, kind in enumerate(ENDS[end]):
        factor = [graph.constant(f"factor{place}", 0.3)] if kind in ("Mul", "Div") else []
        attributes = {} if kind in ("Mul", "Div", "Sigmoid") else {"axis": 1}
        last = graph.node(kind, [last, *factor], f"y{place}", **attributes)
    path = save(graph, last)
    model = import_file(path)
    images = np.random.default_rng(2).normal(size=(50, 5)).astype(np.float32) * 3
    network, output = model.network, model.network.output
    integers = execute(network, model.reader.codes_of(images))[network.output_name]
    logits = (integers - output.type.zero_point) * float(output.type.scale)
    found, wanted = file_values(logits, described(model)), file_outputs(path, images)
    if {*ENDS[end]} & {"Softmax", "LogSoftmax", "Sigmoid"}:
        assert np.allclose(found, wanted, rtol=3e-6, atol=1e-7)
    else:
        assert np.array_equal(found, wanted.reshape(found.shape))
    assert len(np.unique(found)) > 2


def file_outputs(path: Path, images: Any) -> Any:
    """What the stock executor gives, an image at a time."""
    model = ModelWrapper(str(path)).transform(InferShapes())
    name, result = model.graph.input[0].name, model.graph.output[0].name
    if model.graph.node[-1].op_type == "ArgMax":
        model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    return np.concatenate([execute_onnx(model, {name: image[np.newaxis]})[result] for image in images])


def test_a_runtime_does_every_step_of_results() -> None:
    assert {*FUNCTIONS, *STEPS_OF_RUNTIME} == {*RESULT_KINDS}


def test_a_sigmoid_of_great_logits_is_no_overflow() -> None:
    steps = [{"kind": "sigmoid", "constant": []}]
    with np.errstate(over="raise"):
        found = file_values(np.array([[1e4, 0.0, -1e4]]), {"results": steps, "after": ["Sigmoid"]})
    assert found.tolist() == [[1.0, 0.5, 0.0]]


def test_a_softmax_of_great_logits_is_no_overflow() -> None:
    steps = [{"kind": "softmax", "constant": []}, {"kind": "times", "constant": [2.0]}]
    found = file_values(
        np.array([[1e4, 0.0, -1e4], [0.0, 0.0, -1e4]]), {"results": steps, "after": ["Softmax"]}
    )
    assert found.tolist() == [[2.0, 0.0, 0.0], [1.0, 1.0, 0.0]]


def test_a_transposed_map_is_left_to_others(new_graph: Any, save: Any) -> None:
    graph = new_graph((3, 4, 5))
    graph.conv(graph.quantised_input(), "map", (2, 3, 3, 3))
    graph.node("Transpose", ["map"], "y", perm=[0, 2, 3, 1])
    model = import_file(save(graph))
    assert described(model)["results"] is None
    with pytest.raises(AcceleratorError, match=r"found Transpose to \[N, H, W, C\]; take logits\(\)"):
        file_values(np.zeros((1, 40)), described(model))


class Squared(Step):
    """Nothing that a program can say."""


@pytest.mark.parametrize("imported", ["plain"], indirect=True)
def test_what_cannot_be_described_is_named(imported: tuple[Path, Imported]) -> None:
    _, model = imported
    ones = np.ones(3, np.float32)
    assert image_reading(replace(model.reader, steps=(Squared("Pow 'p'", ones),))) == (
        "Pow 'p' has no description"
    )
    many = Plus("Add 'a'", np.arange(MAX_NUMBERS + 1, dtype=np.float32))
    reason = f"the steps before {model.reader.source} have 1,048,577 numbers, more than 1,048,576"
    assert image_reading(replace(model.reader, steps=(many,))) == reason
    other = TruncRounding(1.0, 0, (0, 1), 2.0, "FLOOR")
    assert isinstance(other, Clamped)
    assert image_reading(replace(model.reader, rounding=other)) == f"{model.reader.source} has no description"
    refused = replace(model, reader=replace(model.reader, steps=(many,))).host_work
    assert (refused.images, refused.obstacle) == (None, reason)


def test_names_of_a_file_are_one_line(new_graph: Any, save: Any) -> None:
    graph = new_graph((3, 4, 5))
    graph.quantised_input()
    graph.nodes[0].name = "x\n```\nhostile"
    graph.conv("x", "y", (2, 3, 3, 3))
    assert import_file(save(graph)).host_work.before == ("Quant 'x\\n```\\nhostile'",)
