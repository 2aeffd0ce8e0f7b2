"""Files that are no model, and models that are too much: one line each, nothing else opened."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from twofold.errors import UserError
from twofold.qonnx import read
from twofold.qonnx.importer.load import import_model
from twofold.qonnx.read import read_model


@pytest.fixture
def model(new_graph) -> onnx.ModelProto:
    graph = new_graph((4,))
    graph.node("MatMul", [graph.quantised_input(), graph.weights("weight", (4, 3))], "y")
    return graph.model()


@pytest.fixture
def refused(tmp_path):
    """Imports a file of this content, which must be refused; returns the message without the path."""

    def message(content: bytes | onnx.ModelProto) -> str:
        path = tmp_path / "file.onnx"
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        with pytest.raises(UserError) as caught:
            import_model(path)
        text = str(caught.value)
        assert text.startswith(f"{path}: ")
        assert "\n" not in text
        return text.removeprefix(f"{path}: ")

    return message


def test_a_sound_model_is_read(model, tmp_path):
    path = tmp_path / "file.onnx"
    path.write_bytes(model.SerializeToString())
    assert read_model(path) == model


def test_missing_files_and_folders(tmp_path):
    for path, found in ((tmp_path / "none.onnx", "no file"), (tmp_path, "a folder")):
        with pytest.raises(UserError, match=f"{path}: expected an ONNX file, found {found}"):
            read_model(path)


def test_files_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "secret.onnx"
    path.touch()

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(UserError, match=f"{path}: cannot be read: Permission denied"):
        read_model(path)


def test_contents_that_are_no_model(refused):
    assert refused(b"") == "the file is empty"
    assert refused(b"PK\x03\x04 a zip archive") == "not an ONNX file: byte 0 starts no field of a model"
    assert refused(b'{"model": 1}').startswith("not an ONNX file: byte 0 ")
    assert refused(onnx.ModelProto(ir_version=8)) == "not an ONNX model: it holds no graph"
    assert refused(b"\x08\x08\x3a\x02\xff\xff").startswith("not an ONNX file, or a damaged one: its graph")
    assert refused(b"\x08" + b"\xff" * 11).startswith("not an ONNX file: byte 1 starts no number")


def test_truncated_files_say_so(model, refused):
    content = model.SerializeToString()
    assert refused(content[: len(content) // 2]).startswith("the file is truncated: it ends ")
    assert refused(content[:1]) == "the file is truncated: it ends inside a number"


def test_every_truncation_is_refused(model, refused):
    content = model.SerializeToString()
    for length in range(0, len(content), 7):
        refused(content[:length])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_random_bytes_are_refused(refused, content):
    refused(content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_models_are_imported_or_refused_in_one_line(model, tmp_path, data):
    content = bytearray(model.SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.onnx"
    path.write_bytes(bytes(content))
    try:
        import_model(path)
    except UserError as error:
        assert "\n" not in str(error)


def test_names_that_are_no_text(model, refused):
    content = model.SerializeToString().replace(b"weight.float", b"weight\xfffloat")
    assert refused(content) == "a damaged ONNX file: one of its names is not UTF-8 text"


def test_annotations_that_are_no_text(model, refused):
    entry = onnx.StringStringEntryProto(key="finn_datatype", value="INT8")
    annotation = onnx.TensorAnnotation(tensor_name="images", quant_parameter_tensor_names=[entry])
    model.graph.quantization_annotation.append(annotation)
    content = model.SerializeToString().replace(b"INT8", b"INT\xff")
    assert refused(content) == "a damaged ONNX file: one of its names is not UTF-8 text"


def test_control_characters_in_names_stay_out_of_messages(model, refused):
    model.graph.node[-1].op_type = "Mat\n\x1b[31mMul"
    assert refused(model).startswith(
        r"Mat\n\x1b[31mMul 'y': operator: found Mat\n\x1b[31mMul, supported: Add, "
    )


def test_large_files_are_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(read.MAX_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("was read"))
    with pytest.raises(UserError, match=f"expected at most {1 << 30} bytes, found {(1 << 30) + 1}"):
        read_model(path)


def test_a_tensor_larger_than_its_data(model, refused):
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]
    name = model.graph.initializer[0].name
    assert refused(model) == (
        f"initializer {name!r}: its shape [{1 << 40}, {1 << 40}] does not fit the 1 numbers stored"
    )
    model.graph.initializer[0].dims[:] = [-1]
    assert refused(model) == f"initializer {name!r}: expected sizes of at least 0, found [-1]"


def test_data_in_other_files(model, refused):
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    assert refused(model).endswith("its data are in another file; save the model with the data inside")


def test_tensors_of_other_types(model, refused):
    model.graph.initializer[0].data_type = TensorProto.STRING
    assert ": data type: found STRING, supported: FLOAT, DOUBLE, INT32, INT64, BOOL" in refused(model)
    model.graph.initializer[0].data_type = 999
    assert ": data type: found 999, supported: " in refused(model)


def test_nested_graphs(model, refused):
    branch = helper.make_graph([], "branch", [], [])
    model.graph.node.append(
        helper.make_node("If", ["y"], ["z"], "if", then_branch=branch, else_branch=branch)
    )
    assert refused(model).startswith("If 'if': attribute ")
    assert refused(model).endswith("nested graphs are not supported")


def test_domains_that_the_executor_would_import_as_modules(model, refused):
    model.graph.node[-1].domain = "antigravity"
    assert refused(model) == (
        "MatMul 'y': domain: found 'antigravity', supported: '', 'ai.onnx', 'qonnx.custom_op.general', "
        "'onnx.brevitas', 'finn.custom_op.general', 'finn', 'qonnx'"
    )


def test_functions_and_operator_sets(model, refused):
    model.opset_import[0].version = 99
    assert refused(model) == "expected ONNX operator set 9 to 21, found 99"
    del model.opset_import[:]
    assert refused(model) == "expected an import of the ONNX operator set, found none"
    model.opset_import.add(version=13)
    model.functions.add(name="f")
    assert refused(model) == "functions are not supported; export a plain inference graph"


def test_empty_graphs(model, refused):
    del model.graph.node[:]
    assert refused(model) == "expected a graph with nodes, found none"


def test_too_many_nodes(model, refused):
    del model.graph.node[:]
    model.graph.node.extend([onnx.NodeProto()] * (read.MAX_NODES + 1))
    assert refused(model) == "expected at most 100000 nodes, found 100001"


def test_tensors_that_nothing_writes(model, refused):
    model.graph.node[-1].input[0] = "ghost"
    assert refused(model) == "MatMul 'y': expected an input that something writes, found 'ghost'"
    model.graph.node[-1].input[0] = "x"
    model.graph.output[0].name = "ghost"
    assert refused(model) == "expected a node that writes the output 'ghost', found none"


def test_cycles(model, refused):
    model.graph.node.append(helper.make_node("Relu", ["b"], ["a"], "first"))
    model.graph.node.append(helper.make_node("Relu", ["a"], ["b"], "second"))
    assert (
        refused(model)
        == "Relu 'first': expected a graph without cycles, found one through or before this node"
    )


def test_names_used_twice(model, refused):
    model.graph.node.append(helper.make_node("Relu", ["x"], ["y"], "other"))
    assert refused(model) == "expected every tensor to have a name of its own, found 'y' 2 times"
    model.graph.node[-1].output[0], model.graph.node[-1].name = "z", "y"
    assert refused(model) == "expected every node to have a name of its own, found 'y' 2 times"


@pytest.mark.parametrize("shape", [None, [], [1, "C"], [1, 0], [1, 2, 3, 4, 5]])
def test_inputs_of_unknown_shape(model, refused, shape):
    entry = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    model.graph.input[0].CopyFrom(entry)
    assert refused(model).startswith(
        "input 'images': expected a shape [N, C, H, W], [N, C, W] or [N, C] with known "
    )


def test_inputs_of_another_type_and_number(model, refused):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT8
    assert refused(model) == "input 'images': expected float32, found type 3"
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1, 4]))
    assert refused(model) == "expected one input and one output, found ['images', 'more'] and ['y']"


def test_nodes_without_output(model, refused):
    del model.graph.node[-1].output[:]
    assert refused(model).endswith("expected an output, found none")


def test_twenty_thousand_nodes_take_seconds(model, refused):
    nodes = [helper.make_node("Relu", [f"{n}"], [f"{n + 1}"], f"n{n}") for n in range(20_000)]
    nodes[0].input[0] = "y"
    model.graph.node.extend(reversed(nodes))
    model.graph.output[0].name = "20000"
    start = time.process_time()
    assert refused(model).startswith("Relu 'n64': input: found 64 steps since the last layer")
    assert time.process_time() - start < 10


def test_huge_maps_are_refused_before_they_are_made(new_graph, refused):
    graph = new_graph((1, 1 << 20, 1 << 20))
    graph.quantised_input()
    graph.node("Relu", ["x"], "y")
    assert "elements" in refused(graph.model())


def test_attributes_of_odd_tensors(model, refused):
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [2], np.zeros(2))
    tensor.dims[:] = [1 << 50]
    model.graph.node.append(helper.make_node("Constant", [], ["c"], "c", value=tensor))
    assert refused(model).startswith(
        "Constant 'c': attribute value: its shape [1125899906842624] does not fit"
    )


@pytest.mark.parametrize(
    "name, kind, supported",
    [
        ("value", "INT", "TENSOR"),
        ("value", "SPARSE_TENSOR", "TENSOR"),
        ("value_float", "STRING", "FLOAT"),
        ("value_ints", "STRINGS", "INTS"),
        ("other", "TYPE_PROTO", "FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS"),
        ("other", "UNDEFINED", "FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS"),
    ],
)
def test_attributes_of_other_types(model, refused, name, kind, supported):
    attribute = onnx.AttributeProto(name=name, type=onnx.AttributeProto.AttributeType.Value(kind))
    model.graph.node.add(op_type="Constant", output=["c"], attribute=[attribute])
    assert refused(model) == f"Constant 'c': attribute {name}: type: found {kind}, supported: {supported}"


def test_attributes_that_say_two_things(model, refused):
    model.graph.node[0].attribute.append(helper.make_attribute("signed", 1))
    kind, name = model.graph.node[0].op_type, model.graph.node[0].output[0]
    assert refused(model) == f"{kind} {name!r}: attribute signed: expected once, found 2 times"


def test_tensors_in_segments(model, refused):
    model.graph.initializer[0].segment.begin = 0
    assert "its data are in segments; save the model with each tensor whole" in refused(model)


@pytest.mark.parametrize("dims", [[0, 1 << 62], [1] * 100])
def test_sizes_that_no_array_has(model, refused, dims):
    values = [] if 0 in dims else [1.0]
    model.graph.initializer.append(helper.make_tensor("big", TensorProto.FLOAT, dims, values))
    assert refused(model).startswith(
        "initializer 'big': expected at most 16 dimensions and 1073741824 numbers"
    )
