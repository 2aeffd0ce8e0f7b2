"""From a QONNX file to a verified `Network`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.network.passes.drop_unused import drop_unused
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.passes.trim_thresholds import trim_thresholds
from twofold.qonnx.importer.accumulators import as_output
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.dispatch import handler_of
from twofold.qonnx.importer.source import Node, Source, source_of
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, Constant, FixedValue, RawInput, Sums, Value
from twofold.qonnx.read import printable, read_model

PASSES = (drop_unused, trim_thresholds, narrow_accumulators)


def import_model(path: Path) -> Network:
    """The integer network that the QONNX file at `path` describes, verified after each pass.

    Raises UserError, one line, for files that `read_model` refuses and for every node or attribute that has
    no exact integer meaning here; the message names the node, the attribute, what is supported and a way out.
    """
    model = read_model(path)
    try:
        return import_graph(model, path.stem)
    except UserError as error:
        raise UserError(f"{path}: {printable(str(error))}") from error


def import_graph(model: onnx.ModelProto, default_name: str) -> Network:
    """As `import_model`, of a checked model; `default_name` is for graphs without a name."""
    source = source_of(model)
    network = _lower(source, source.name or default_name)
    return run_passes(network, PASSES)


def _lower(source: Source, name: str) -> Network:
    """Walks the nodes in order and gives each tensor its integer meaning."""
    builder = Builder(source.tensor_names)
    values: dict[str, Value] = {key: Constant(array) for key, array in source.constants.items()}
    values[source.input_name] = RawInput(source.input_shape)
    walk = Walk(builder, values, source.batch)
    uses = source.uses
    for node in source.nodes:
        _check_outputs(node, uses)
        value = handler_of(node)(walk, node)
        if isinstance(value, Sums) and uses[node.output] > 1:
            value = replace(value, exclusive=False)
        values[node.output] = value
    return builder.finish(name, _output(source, builder, values).tensor)


def _check_outputs(node: Node, uses: dict[str, int]) -> None:
    for name in node.outputs[1:]:
        if uses[name]:
            raise node.refuse(f"output {name!r}", "a second output in use", "one output", "do without it")


def _output(source: Source, builder: Builder, values: dict[str, Value]) -> Codes | Sums:
    value = values[source.output_name]
    node = next(node for node in source.nodes if source.output_name in node.outputs)
    if isinstance(value, RawInput | FixedValue) or not builder.has_input:
        raise node.refuse(
            "graph output", "no quantised data", "the result of a layer", "quantise the graph's input"
        )
    if isinstance(value, Codes):
        return value
    return as_output(builder, node, value, source.output_name)
