"""Writes a frozen model as a QONNX file that the stock executor runs exactly."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import onnx
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.transformation.fold_constants import FoldConstants
from qonnx.transformation.general import (
    GiveUniqueParameterTensors,
    RemoveStaticGraphInputs,
    RemoveUnusedTensors,
)
from qonnx.transformation.infer_shapes import InferShapes
from torch import Tensor
from torch.fx.passes.shape_prop import ShapeProp

from twofold.errors import UserError
from twofold.files import atomic_path
from twofold.qonnx.brevitas_handlers import QONNX_DOMAIN, ApotQonnxManager
from twofold.qonnx.export_names import name_after_modules, name_parameters
from twofold.qonnx.freeze import OUTPUT, FrozenModel
from twofold.qonnx.freeze_grids import Source, exact_grid, operands_of

INPUT = "images"
OPSET = 13
_QUANTISERS = ("Quant", "BipolarQuant", "QuantizeLinear", "DequantizeLinear")
_CUSTOM_OPS = ("Quant", "MultiThreshold")


def export(
    frozen: FrozenModel,
    example: Tensor,
    path: Path | str,
    metadata: Mapping[str, str] | None = None,
    name: str | None = None,
) -> None:
    """Writes `path` whole or not at all, with a batch of one image.

    The input is `images`, the output `logits`; other tensors have the names of the frozen model's nodes, so
    `run_frozen` and the executor's context agree by name. For other batches use
    qonnx's `ChangeBatchSize` and `InferShapes`; the stock executor takes no dynamic dimension.

    example: images [N, C, H, W], for shapes alone. metadata: key → value, put into the file. name: of
    the network, and so of what is built of it; the file's without its ending if None.
    Raises UserError for a model that was not frozen, and, naming the node, if some value may not be exact in
    float32.
    """
    if not isinstance(frozen, FrozenModel):
        raise UserError(
            f"expected a model that freeze has made, got {type(frozen).__name__}; call freeze first"
        )
    prove_exact(frozen, example)
    with atomic_path(Path(path)) as temporary:
        ApotQonnxManager.export(
            frozen.module,
            args=example[:1],
            export_path=str(temporary),
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
        )
        model = _clean(onnx.load(str(temporary)))
        model.graph.name = name or Path(path).stem
        model.producer_name, model.producer_version = "twofold", version("twofold")
        described = {"twofold": model.producer_version, **(metadata or {})}
        onnx.helper.set_model_props(model, described)
        onnx.save(model, str(temporary))


def prove_exact(frozen: FrozenModel, example: Tensor) -> None:
    """Raises UserError, naming the first node of whose values float32 may not hold every one exactly."""
    sources: dict[torch.fx.Node, Source] = {}
    with torch.no_grad():
        ShapeProp(frozen.module).propagate(example[:1])
    for node in frozen.module.graph.nodes:
        if node.op == "call_module":
            operands = operands_of(node, sources)
            grid = exact_grid(node.name, frozen.module.get_submodule(node.target), *operands)
            sources[node] = Source(grid, node.meta["tensor_meta"].shape)


def _clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """qonnx's clean-up without its renaming of tensors."""
    for node in model.graph.node:
        if node.op_type in _CUSTOM_OPS:
            node.domain = QONNX_DOMAIN
    name_after_modules(model)
    wrapped = ModelWrapper(model)
    for step in (
        InferShapes(),
        GiveUniqueParameterTensors(),
        FoldConstants(exclude_op_types=list(_QUANTISERS)),
        RemoveUnusedTensors(),
        RemoveStaticGraphInputs(),
        InferShapes(),
    ):
        wrapped = wrapped.transform(step)
    name_parameters(wrapped.model)
    del wrapped.model.graph.value_info[:]
    return wrapped.transform(InferShapes()).model
