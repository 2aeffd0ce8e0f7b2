"""From a QONNX file to a verified `Network`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx

from twofold.errors import UserError
from twofold.network.graph import Network
from twofold.network.host import HostWork
from twofold.network.passes.drop_unused import drop_unused
from twofold.network.passes.narrow import narrow_accumulators
from twofold.network.passes.run import run_passes
from twofold.network.passes.trim_thresholds import trim_thresholds
from twofold.qonnx.importer.builder import Builder
from twofold.qonnx.importer.dispatch import operator_of
from twofold.qonnx.importer.exactness import Exactness
from twofold.qonnx.importer.host_part import HostPart
from twofold.qonnx.importer.host_work import image_reading, results_of
from twofold.qonnx.importer.images import ImageReader
from twofold.qonnx.importer.input_layout import input_layout
from twofold.qonnx.importer.outputs import Output, output_of
from twofold.qonnx.importer.source import Node, Source, source_of
from twofold.qonnx.importer.state import Walk
from twofold.qonnx.importer.values import Codes, Constant, RawInput, StoredCodes, Sums, Value
from twofold.qonnx.importer.view import View
from twofold.qonnx.read import printable, read_model

PASSES = (drop_unused, trim_thresholds, narrow_accumulators)


@dataclass(frozen=True, eq=False)
class Imported:
    """A file's network, and what is around it.

    reader: how images become the network's input. after: nodes after its output, which a host computes and
    which keep the order of the channels. errors: op → the most by which its codes may differ
    from the executor's on equal inputs; empty if the network is exact. views: how the graph shows
    tensors that it does not show as they are. metadata: the file's, by key.
    """

    network: Network
    reader: ImageReader
    after: tuple[HostPart, ...]
    errors: Mapping[str, int]
    views: Mapping[str, View]
    metadata: Mapping[str, str]

    @property
    def exactness(self) -> Exactness:
        return Exactness(self.errors)

    @property
    def host(self) -> tuple[str, ...]:
        """The nodes of `after`, in words."""
        return tuple(part.source for part in self.after)

    @property
    def host_work(self) -> HostWork:
        """All that a host does around the network, for a board's runtime and for people."""
        before, after = (tuple(map(printable, work)) for work in (self.reader.work, self.host))
        images, results = image_reading(self.reader), results_of(self.after)
        if isinstance(images, str):
            return HostWork(before, after, None, printable(images), results)
        return HostWork(before, after, images, results=results)

    @property
    def bounds(self) -> Mapping[str, int]:
        """Tensor → the most by which its codes may differ from the executor's on equal inputs."""
        return {op.output: self.errors[op.name] for op in self.network.ops if op.name in self.errors}


def import_model(path: Path | str) -> Network:
    """The integer network that the QONNX file at `path` describes, verified after each pass.

    Raises UserError, one line, for files that `read_model` refuses and for every node or attribute that has
    no exact integer meaning here; the message names the node, the attribute, what is supported and a way out.
    """
    return import_file(path).network


def import_file(path: Path | str, approximate: bool = False) -> Imported:
    """As `import_model`, with what is around the network.

    approximate: what float32 may round differently in the executor is taken with a bounded error.
    """
    file = Path(path)
    model = read_model(file)
    try:
        return import_graph(model, file.stem, approximate)
    except UserError as error:
        raise UserError(f"{file}: {printable(str(error))}") from error


def import_graph(model: onnx.ModelProto, default_name: str, approximate: bool = False) -> Imported:
    """As `import_file`, of a checked model; `default_name` is for graphs without a name."""
    source = source_of(model)
    builder = Builder(source.tensor_names, approximate)
    with np.errstate(all="ignore"):  # numbers beyond float32 are looked for where it matters
        output, node = _lower(source, builder)
    if builder.reader is None:
        raise node.refuse(
            "graph output", "no quantised data", "the result of a layer", "quantise the graph's input"
        )
    network = run_passes(builder.finish(source.name or default_name, output.codes.tensor), PASSES)
    kept = {op.name for op in network.ops}
    errors = {name: codes for name, codes in builder.errors.items() if name in kept}
    views = {name: view for name, view in builder.views.items() if not view.is_plain}
    metadata = {item.key: item.value for item in model.metadata_props}
    return Imported(
        network,
        builder.reader,
        output.host,
        MappingProxyType(errors),
        MappingProxyType(views),
        MappingProxyType(metadata),
    )


def _lower(source: Source, builder: Builder) -> tuple[Output, Node]:
    """Walks the nodes in order and gives each tensor its integer meaning."""
    values: dict[str, Value] = {key: Constant(array) for key, array in source.constants.items()}
    values[source.input_name] = _images(source)
    walk = Walk(builder, values, source.batch, 3 if len(source.input_shape) == 2 else 4)
    uses = source.uses
    for node in source.nodes:
        _check_outputs(node, uses)
        value = operator_of(node)(walk, node)
        _note_view(builder, value)
        values[node.output] = _shared(value) if uses[node.output] > 1 else value
    last = next(node for node in source.nodes if source.output_name in node.outputs)
    output = output_of(builder, last, values[source.output_name], source.output_name)
    codes = output.codes
    if output.is_rounded:
        builder.views[codes.tensor.name] = View(codes.layout, is_rounded=True)
    _note_view(builder, codes)
    return output, last


def _shared(value: Value) -> Value:
    """A value of several readers, none of whom may change the op that writes its integers."""
    if isinstance(value, Sums):
        return replace(value, exclusive=False)
    if isinstance(value, StoredCodes) and isinstance(value.source, Sums):
        return replace(value, source=replace(value.source, exclusive=False))
    return value


def _images(source: Source) -> RawInput:
    """The graph's input; [C, W] is the map [C, 1, W]."""
    layout = input_layout(source)
    shape = layout.shape or source.input_shape
    in_network = (shape[0], 1, shape[1]) if len(shape) == 2 else shape
    return RawInput(in_network, source.input_shape, image_layout=layout, layout=layout)


def _note_view(builder: Builder, value: Value) -> None:
    """The graph's tensor of a name is the first value that stands for the network's."""
    if isinstance(value, Codes | Sums):
        factors = value.factors if isinstance(value, Codes) else None
        builder.views.setdefault(value.tensor.name, View(value.layout, factors))


def _check_outputs(node: Node, uses: dict[str, int]) -> None:
    for name in node.outputs[1:]:
        if uses[name]:
            raise node.refuse(f"output {name!r}", "a second output in use", "one output", "do without it")
