"""Float inputs that an annotation or the user says to hold integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.network.graph import Network
from twofold.qonnx.declared_input import declare_input
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_file
from twofold.qonnx.input_type import InputType


@pytest.fixture
def graph(new_graph):
    """Sums of the float input."""
    graph = new_graph((6,))
    graph.node("MatMul", ["images", graph.weights("weight", (6, 3))], "y")
    return graph


def stepped(new_graph, *steps: tuple[str, float]):
    """As `graph`, with nodes of one number before the layer."""
    graph, source = new_graph((6,)), "images"
    for index, (kind, number) in enumerate(steps):
        source = graph.node(kind, [source, graph.constant(f"number{index}", [number])], f"step{index}")
    graph.node("MatMul", [source, graph.weights("weight", (6, 3))], "y")
    return graph


def annotated(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    entry = onnx.StringStringEntryProto(key="finn_datatype", value=name)
    annotation = onnx.TensorAnnotation(tensor_name="images", quant_parameter_tensor_names=[entry])
    model.graph.quantization_annotation.append(annotation)
    return model


def agreed(model: onnx.ModelProto, folder: Path) -> Network:
    """The network, after golden and the executor were found to agree on every tensor they share."""
    path = folder / "model.onnx"
    onnx.save(model, path)
    imported = import_file(path)
    codes = np.random.default_rng(0).choice(imported.reader.codes, (20, *imported.network.input.shape))
    expected = execute(imported.network, codes)
    found = run_executor(path, imported.network, codes, imported.reader.images_of(codes), imported.views)
    assert imported.network.input_name in found and imported.network.output_name in found
    assert all(np.array_equal(values, expected[name]) for name, values in found.items())
    return imported.network


@pytest.mark.parametrize(
    "name, text", [("INT8", "int8(2^0)"), ("FIXED<10,4>", "int10(2^-6)"), ("UINT4", "uint4(2^0)")]
)
def test_an_annotated_input(graph, tmp_path: Path, name: str, text: str) -> None:
    assert str(agreed(annotated(graph.model(), name), tmp_path).input.type) == text


def test_a_declared_input(graph, tmp_path: Path) -> None:
    model = graph.model()
    declare_input(model, InputType.of("FIXED<10,4>"))
    assert str(agreed(model, tmp_path).input.type) == "int10(2^-6)"


def test_steps_stay_before_the_quantiser(new_graph, tmp_path: Path) -> None:
    model = annotated(stepped(new_graph, ("Add", 1.0), ("Div", 2.0)).model(), "BIPOLAR")
    assert str(agreed(model, tmp_path).input.type) == "uint1(2^0)"


def test_an_input_with_a_quantiser_keeps_it(new_graph, tmp_path: Path) -> None:
    graph = new_graph((6,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (6, 3))], "y")
    plain, path = graph.model(), tmp_path / "model.onnx"
    onnx.save(annotated(graph.model(), "UINT4"), path)
    assert import_file(path).network.input == agreed(plain, tmp_path).input
    with pytest.raises(UserError, match="found a quantiser behind it"):
        declare_input(plain, InputType.of("INT8"))


def flattened_by_its_shape(new_graph, quantised: bool) -> onnx.ModelProto:
    """As PyTorch writes x.view(x.size(0), -1): the new shape has a number of the old one in it."""
    graph, source = new_graph((2, 3)), "flat"
    graph.node("Shape", ["images"], "sizes")
    graph.node("Gather", ["sizes", graph.constant("first", 0, np.int64)], "batch", axis=0)
    graph.node("Unsqueeze", ["batch", graph.constant("axes", [0], np.int64)], "rows")
    graph.node("Concat", ["rows", graph.constant("rest", [-1], np.int64)], "shape", axis=0)
    graph.node("Reshape", ["images", "shape"], "flat")
    if quantised:
        graph.node("Mul", ["flat", graph.constant("two", [2.0])], "doubled")
        source = graph.quant("doubled", "x", 2**-2, 6)
    graph.node("MatMul", [source, graph.weights("weight", (6, 3))], "y")
    return graph.model()


def test_who_asks_for_the_shape_reads_no_numbers(new_graph, tmp_path: Path) -> None:
    plain, path = flattened_by_its_shape(new_graph, quantised=True), tmp_path / "annotated.onnx"
    with pytest.raises(UserError, match="found a quantiser behind it"):
        declare_input(plain, InputType.of("INT8"))
    onnx.save(annotated(flattened_by_its_shape(new_graph, quantised=True), "INT8"), path)
    assert import_file(path).network.input == agreed(plain, tmp_path).input
    declared = annotated(flattened_by_its_shape(new_graph, quantised=False), "INT8")
    assert str(agreed(declared, tmp_path).input.type) == "int8(2^0)"


def test_steps_before_a_quantiser_are_still_the_hosts(new_graph, tmp_path: Path) -> None:
    """Clamps, and factors and terms for each channel, of an annotated input."""

    def graph():
        graph = new_graph((3, 4, 4))
        mean = graph.constant("mean", np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1))
        graph.node("Sub", ["images", mean], "centred")
        graph.node("Relu", ["centred"], "clamped")
        graph.quant("clamped", "x", 2**-2, 6, signed=0)
        graph.conv("x", "y", (2, 3, 3, 3))
        return graph.model()

    path = tmp_path / "annotated.onnx"
    onnx.save(annotated(graph(), "UINT8"), path)
    expected = agreed(graph(), tmp_path)
    assert import_file(path).network.input == expected.input
    assert len(import_file(path).network.ops) == len(expected.ops)


def test_floats_are_no_declaration(graph, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="as twofold declare puts one there"):
        agreed(annotated(graph.model(), "FLOAT32"), tmp_path)


def test_a_type_that_is_none_is_told_with_the_file(graph, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model.onnx: input type: expected .*, got 'INT99999999999'"):
        agreed(annotated(graph.model(), "INT99999999999"), tmp_path)


def test_several_inputs_are_refused(graph) -> None:
    model = graph.model()
    model.graph.input.append(onnx.helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1, 2]))
    with pytest.raises(UserError, match="expected a graph with one input, found"):
        declare_input(model, InputType.of("INT8"))
