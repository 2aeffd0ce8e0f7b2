"""QONNX export of the quantisers that Brevitas does not know."""

from __future__ import annotations

from typing import Any

import torch
from brevitas.export.onnx.handler import ONNXBaseHandler
from brevitas.export.onnx.qonnx.handler import BrevitasWeightQuantProxyHandler
from brevitas.export.onnx.qonnx.manager import QONNXManager
from torch import Tensor
from torch.autograd import Function

from twofold.quant.apot import ApotActivationProxy, ApotActivationQuant, ApotWeightProxy

QONNX_DOMAIN = "qonnx.custom_op.general"


class _MultiThreshold(Function):
    """`scale · number of t with x ≥ thresholds[t]`; thresholds: [1, T], the same for all channels."""

    @staticmethod
    def symbolic(graph: Any, x: Any, thresholds: Any, scale: float, bits: int) -> Any:
        output = graph.op(
            f"{QONNX_DOMAIN}::MultiThreshold",
            x,
            thresholds,
            out_scale_f=scale,
            out_bias_f=0.0,
            out_dtype_s=f"UINT{bits}",
            data_layout_s="NC" if x.type().dim() == 2 else "NCHW",
        )
        output.setType(x.type())
        return output

    @staticmethod
    def forward(ctx: Any, x: Tensor, thresholds: Tensor, scale: float, bits: int) -> Tensor:
        return torch.bucketize(x, thresholds.flatten(), right=True).to(x.dtype) * scale


class ApotWeightHandler(BrevitasWeightQuantProxyHandler):
    """A `Quant` node of the container's width over the projected weights, which it leaves as they are.

    The stock handler would write the weights before projection.
    """

    handled_layer = ApotWeightProxy

    def prepare_for_export(self, module: Any) -> None:
        super().prepare_for_export(module)
        self.projected = {
            layer.weight.data_ptr(): layer.quant_weight().value.detach()
            for layer in module.tracked_module_list
        }

    def symbolic_execution(self, x: Tensor) -> Any:
        return super().symbolic_execution(self.projected[x.data_ptr()])


class ApotActivationHandler(ONNXBaseHandler):
    """A `MultiThreshold` node that counts LSBs: a jump of d levels is d equal thresholds."""

    handled_layer = ApotActivationProxy

    def prepare_for_export(self, module: Any) -> None:
        quantiser: ApotActivationQuant = module.fused_activation_quant_proxy.tensor_quant
        levels, scale = quantiser.levels, quantiser.scale().detach()
        steps = [b - a for a, b in zip(levels.values, levels.values[1:], strict=False)]
        repeated = torch.tensor(levels.thresholds).repeat_interleave(torch.tensor(steps))
        self.thresholds = (repeated * scale).reshape(1, -1)
        self.scale, self.bits = scale, levels.container_bits
        self.zero_point, self.container = quantiser.zero_point, quantiser.container

    def symbolic_execution(self, x: Tensor) -> Any:
        y = _MultiThreshold.apply(x, self.thresholds, float(self.scale), self.bits)
        return y, self.scale, self.zero_point, self.container


class ApotQonnxManager(QONNXManager):
    """Brevitas's QONNX export with the APoT handlers; the stock manager stays as it is."""

    handlers = (*QONNXManager.handlers, ApotWeightHandler, ApotActivationHandler)
