"""The same network for each road, with one weight wrong: its first convolution's greatest one is 0."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from twofold.files import write_atomically
from twofold.hls.manifest import HlsProject
from twofold.network.graph import Network
from twofold.network.ops import Conv2d


def damaged_network(network: Network) -> Network:
    op = next(op for op in network.ops if isinstance(op, Conv2d))
    weight = op.weight.copy()
    weight.flat[np.abs(weight).argmax()] = 0
    changed = replace(op, weight=weight)
    return replace(network, ops=tuple(changed if other is op else other for other in network.ops))


def damaged_file(model: Path, copy: Path) -> Path:
    """Of a QONNX file, written to `copy`."""
    graph = onnx.load_model(model)
    makers = {output: node for node in graph.graph.node for output in node.output}
    name = next(node for node in graph.graph.node if node.op_type == "Conv").input[1]
    while name in makers:
        name = makers[name].input[0]
    tensor = next(tensor for tensor in graph.graph.initializer if tensor.name == name)
    weight = numpy_helper.to_array(tensor).copy()
    weight.flat[np.abs(weight).argmax()] = 0
    tensor.CopyFrom(numpy_helper.from_array(weight, name))
    write_atomically(copy, graph.SerializeToString())
    return copy


def damaged_project(project: HlsProject, copy: Path) -> HlsProject:
    """Of an HLS project and its compiled simulation, in the folder `copy`."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project.folder, copy)
    files = (copy / "firmware/weights").glob("w[0-9]*.txt")
    path = min(files, key=lambda path: int(path.stem.removeprefix("w")))
    separator = "," if "," in path.read_text() else " "
    weights = [int(word) for word in path.read_text().split(separator) if word.strip()]
    weights[int(np.abs(weights).argmax())] = 0
    write_atomically(path, separator.join(map(str, weights)))
    return HlsProject.load(copy)
