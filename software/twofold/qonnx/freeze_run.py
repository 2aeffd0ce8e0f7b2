"""Runs a frozen model and reads its integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx

from twofold.errors import UserError
from twofold.network.types import IntArray
from twofold.qonnx.freeze import OUTPUT, FrozenModel


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps every node's result."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.results: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self.results[OUTPUT if n.op == "output" else n.name] = result
        return result


def run_frozen(frozen: FrozenModel, images: npt.ArrayLike) -> Mapping[str, IntArray]:
    """Codes of every quantised activation, of what pooling makes of them, and of the logits.

    images: [N, C, H, W], real numbers. Returns tensor name → int64 [N, ...], computed by the frozen
    Brevitas modules. Raises UserError if a value is no multiple of its scale, which would be a bug.
    """
    recorder = _Recorder(frozen.module)
    with torch.no_grad():
        recorder.run(torch.as_tensor(np.asarray(images, np.float32)))
    return {
        name: _codes(name, recorder.results[name], scale) + frozen.zero_points.get(name, 0)
        for name, scale in frozen.scales.items()
    }


def _codes(name: str, values: Tensor, scale: float) -> IntArray:
    scaled = values.double().numpy() / scale
    codes = np.rint(scaled).astype(np.int64)
    if not np.array_equal(codes, scaled):
        raise UserError(f"{name}: expected multiples of {scale}, found other values")
    return codes
