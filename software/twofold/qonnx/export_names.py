"""Gives the tensors of an exported file the names of the model's nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import onnx

from twofold.errors import UserError


def name_after_modules(model: onnx.ModelProto) -> None:
    """Renames, in place, every tensor that a node writes and every node.

    PyTorch names the nodes of module `conv1_act` /conv1_act/…/Quant. The last of a module's nodes
    writes the tensor `conv1_act`; the tensors between are `conv1_act.quant` and the like. Graph inputs,
    graph outputs and initialisers keep their names.
    """
    outputs = {output.name for output in model.graph.output}
    last = {_module(node): index for index, node in enumerate(model.graph.node)}
    renamed: dict[str, str] = {}
    used = Counter[str]()
    for index, node in enumerate(model.graph.node):
        module = _module(node)
        final = last[module] == index
        name = module if final else _unused(f"{module}.{node.op_type.lower()}", used)
        for written in node.output:
            renamed[written] = written if written in outputs else name
        node.name = name
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    del model.graph.value_info[:]


#: What the inputs of an op are, behind the first.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Quant": ("weight", "scale", "zero_point", "bit_width"),
    "MultiThreshold": ("input", "thresholds"),
    "Conv": ("input", "weight", "bias"),
    "Gemm": ("input", "weight", "bias"),
    "Mul": ("input", "scale"),
}


def name_parameters(model: onnx.ModelProto) -> None:
    """Renames, in place, every initialiser after its node: `conv1_act.scale`, `conv1.weight`, `conv1.bias`.

    Each initialiser has one reader. The parameters of a weight's `Quant` node begin with that node's name
    except the weight, which takes the layer's.
    """
    constants = {constant.name: constant for constant in model.graph.initializer}
    for node in model.graph.node:
        parameters = _PARAMETERS.get(node.op_type, ())
        for place, name in enumerate(node.input):
            if name in constants:
                what = parameters[place] if place < len(parameters) else f"input{place}"
                owner = node.name.split(".")[0] if what == "weight" else node.name
                node.input[place] = constants[name].name = f"{owner}.{what}"


def _module(node: onnx.NodeProto) -> str:
    parts = node.name.split("/")
    if len(parts) < 3 or parts[0]:
        raise UserError(f"exported node {node.name!r}: expected a name that starts with its module's")
    return parts[1]


def _unused(name: str, used: Counter[str]) -> str:
    used[name] += 1
    return name if used[name] == 1 else f"{name}.{used[name]}"
