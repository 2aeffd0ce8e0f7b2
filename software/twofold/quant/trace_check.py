"""Whether a trace computes what its model does."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from twofold.errors import UserError
from twofold.quant.advice import FLATTEN
from twofold.quant.layers import Add
from twofold.quant.model_check import check_takes
from twofold.quant.node_layer import argument, module_of, refuse
from twofold.quant.trace import trace

#: Rounding of float32 may differ between a model and its trace, by this share of the largest number.
_SAME = 1e-3


def check_traced(model: nn.Module, images: Tensor) -> None:
    """Raises UserError if `model` does not take `images`, flattens other things than maps or computes other
    numbers than its trace, and, naming the node, if it adds tensors of unequal shapes or drops in evaluation
    mode.
    """
    traced = trace(model)
    _check_dropouts(traced)
    wanted, found = check_takes(model, images), check_takes(traced, images)
    if wanted.shape != found.shape:
        raise UserError(
            f"{type(model).__name__}: expected {list(found.shape)} for {len(images)} images, as each image's "
            f"map becomes one vector, got {list(wanted.shape)}; {FLATTEN}"
        )
    largest = float(wanted.nan_to_num().abs().max())
    if not torch.allclose(wanted, found, rtol=_SAME, atol=_SAME * largest, equal_nan=True):
        raise UserError(
            f"{type(model).__name__}: expected the numbers that torch.fx's trace of it gives, got others; "
            "where a tensor has two names, write x = x + y in place of x += y, and draw no random numbers"
        )
    _check_additions(copy.deepcopy(traced).eval(), images)


def _check_dropouts(traced: fx.GraphModule) -> None:
    for node in traced.graph.nodes:
        if node.target in (F.dropout, F.dropout2d) and argument(node, 2, "training", True):
            raise refuse(
                node, "it drops in evaluation mode, too; write training=self.training, or nn.Dropout"
            )


def _check_additions(traced: fx.GraphModule, images: Tensor) -> None:
    with torch.no_grad():
        ShapeProp(traced).propagate(images)
    for node in traced.graph.nodes:
        if node.op not in ("placeholder", "output") and isinstance(module_of(node, traced), Add):
            first, *others = (list(_shape(source)[1:]) for source in node.all_input_nodes)
            for other in others:
                if first != other:
                    raise refuse(node, f"expected two tensors of equal shape to add, got {first} and {other}")


def _shape(node: fx.Node) -> torch.Size:
    shape: torch.Size = node.meta["tensor_meta"].shape
    return shape
