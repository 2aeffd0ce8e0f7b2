"""A network in ONNX's integer operators, as ONNX Runtime executes it.

Codes are uint8, those of signed types 128 higher; sums are int32. MatMulInteger and ConvInteger take uint8 by
int8, for which ONNX Runtime has its fastest kernels; a multiplier behind a convolution goes into QLinearConv.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from twofold.errors import UserError
from twofold.network.graph import Network, Tensor
from twofold.network.ops import (
    Add,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    WeightedAdd,
)
from twofold.network.types import IntArray

OPSET, IR_VERSION = 17, 8
SIGNED_OFFSET = 128
#: Each is a comparison and a selection.
MOST_THRESHOLDS = 15
_INT32 = np.iinfo(np.int32)


def offset_of(tensor: Tensor) -> int:
    """What is added to the tensor's codes."""
    return SIGNED_OFFSET if tensor.type.signed else 0


def integer_model(network: Network) -> onnx.ModelProto:
    """Input uint8 [N, *input shape]; output [N, *output shape], codes in uint8 or sums in int32.

    A multiplier is a float32 number here, so that codes may differ where its product is close to a tie.
    Raises UserError, naming the op, for what these operators do not have.
    """
    writer = _Writer(network)
    for op in network.ops:
        writer.write(op)
    ends = [
        helper.make_tensor_value_info(tensor.name, writer.kinds[tensor.name], ["N", *tensor.shape])
        for tensor in (network.input, network.output)
    ]
    graph = helper.make_graph(writer.nodes, network.name, ends[:1], ends[1:], writer.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


class _Writer:
    """nodes, constants: of what was written so far; kinds: tensor → TensorProto's UINT8 or INT32."""

    def __init__(self, network: Network) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.kinds = {network.input_name: TensorProto.UINT8}
        self._network = network
        self._check_codes(network.input)

    def write(self, op: Op) -> None:
        type_ = self._network.result(op).type
        self._check_int32(op.name, np.array([type_.lo, type_.hi]))
        match op:
            case Conv2d() if self._fused(op):
                return
            case Conv2d() | Linear() | SumPool2d():
                self._sums(op)
            case Add():
                self._sum_of_two(op, (1 << op.shifts[0], 1 << op.shifts[1]))
            case WeightedAdd():
                self._sum_of_two(op, op.factors)
            case Requantise():
                self._requantise(op)
            case Threshold():
                self._threshold(op)
            case MaxPool2d():
                self._codes(op, op.inputs[0])
                attributes = {"kernel_shape": op.kernel, "strides": op.stride, "pads": op.padding}
                self._node("MaxPool", op.inputs, op.output, **attributes)
                self.kinds[op.output] = TensorProto.UINT8
            case Flatten():
                self._node("Flatten", op.inputs, op.output)
                self.kinds[op.output] = self.kinds[op.inputs[0]]
            case _:
                raise UserError(f"{op.name}: no integer operator of ONNX for {op.kind}")

    def _fused(self, op: Conv2d) -> bool:
        readers = self._network.consumers[op.output]
        alone = len(readers) == 1 and op.output != self._network.output_name
        return alone and isinstance(readers[0], Requantise)

    def _sums(self, op: Conv2d | Linear | SumPool2d) -> None:
        name = self._codes(op, op.inputs[0])
        zero, bias = self._zero(op), self._bias(op)
        if isinstance(op, Linear):
            products = partial(self._node, "MatMulInteger", (name, self._weight(op, op.weight.T), zero))
        else:
            weight = self._weight(op, self._window(op))
            products = partial(self._node, "ConvInteger", (name, weight, zero), **self._attributes(op))
        if not bias.any():
            products(op.output)
        else:
            column = bias if isinstance(op, Linear) else bias[:, None, None]
            self._node("Add", (products(), self._int32(op.name, column)), op.output)
        self.kinds[op.output] = TensorProto.INT32

    def _window(self, op: Conv2d | SumPool2d) -> IntArray:
        if isinstance(op, Conv2d):
            return op.weight
        return np.ones((self._network.operands(op)[0].channels, 1, *op.kernel), np.int64)

    def _attributes(self, op: Conv2d | SumPool2d) -> dict[str, Any]:
        if isinstance(op, SumPool2d):
            return {"strides": op.stride, "group": self._network.operands(op)[0].channels}
        return {"strides": op.stride, "pads": op.padding, "dilations": op.dilation, "group": op.groups}

    def _zero(self, op: Conv2d | Linear | SumPool2d) -> str:
        """The operand's zero point: what padding is filled with."""
        operand = self._network.operands(op)[0]
        padded = operand.type.zero_point if isinstance(op, Conv2d) else 0
        return self._constant(np.uint8(offset_of(operand) + padded))

    def _bias(self, op: Conv2d | Linear | SumPool2d) -> IntArray:
        """With what the operators leave out: they multiply the difference from the zero point."""
        if isinstance(op, SumPool2d):
            return np.zeros(1, np.int64)
        if isinstance(op, Linear):
            return op.bias
        zero_point = self._network.operands(op)[0].type.zero_point
        return np.asarray(op.bias + zero_point * op.weight.sum(axis=(1, 2, 3)))

    def _sum_of_two(self, op: Add | WeightedAdd, factors: tuple[int, int]) -> None:
        terms, offset = [], 0
        for tensor, factor in zip(self._network.operands(op), factors, strict=True):
            is_code = self.kinds[tensor.name] == TensorProto.UINT8
            offset += factor * offset_of(tensor) if is_code else 0
            term = self._node("Cast", (tensor.name,), to=TensorProto.INT32) if is_code else tensor.name
            terms.append(term if factor == 1 else self._node("Mul", (term, self._int32(op.name, factor))))
        total = self._node("Add", terms)
        self._node("Sub", (total, self._int32(op.name, offset)), op.output)
        self.kinds[op.output] = TensorProto.INT32

    def _requantise(self, op: Requantise) -> None:
        result = self._network.result(op)
        self._check_codes(result)
        scales = np.ldexp(op.multiplier.astype(np.float64), -op.shift).astype(np.float32)
        one, zero = self._constant(np.float32(1)), np.uint8(result.type.zero_point + offset_of(result))
        producer = self._network.producers.get(op.inputs[0])
        if isinstance(producer, Conv2d) and self._fused(producer):
            x, weight = self._codes(producer, producer.inputs[0]), self._weight(producer, producer.weight)
            source = (x, one, self._zero(producer))
            kernel = (weight, self._constant(scales), self._constant(np.int8(0)))
            bias = self._int32(producer.name, self._bias(producer))
            given = (*source, *kernel, one, self._constant(zero), bias)
            codes = self._node("QLinearConv", given, **self._attributes(producer))
        else:
            column = scales.reshape(-1, *[1] * (len(result.shape) - 1))
            real = self._node("Cast", (self._integers(op.inputs[0]),), to=TensorProto.FLOAT)
            scaled = self._node("Mul", (real, self._constant(column)))
            codes = self._node("QuantizeLinear", (scaled, one, self._constant(zero)))
        bounds = (self._constant(np.uint8(bound + offset_of(result))) for bound in op.bounds)
        self._node("Clip", (codes, *bounds), op.output)
        self.kinds[op.output] = TensorProto.UINT8

    def _threshold(self, op: Threshold) -> None:
        """The highest level whose threshold is reached."""
        result = self._network.result(op)
        self._check_codes(result)
        if op.thresholds.shape[1] > MOST_THRESHOLDS:
            raise UserError(f"{op.name}: no integer operator of ONNX for {op.thresholds.shape[1]} thresholds")
        x = self._integers(op.inputs[0])
        levels = [self._constant(np.uint8(level + offset_of(result))) for level in op.levels]
        thresholds = np.clip(op.thresholds, _INT32.min, _INT32.max)
        name = levels[0]
        for level, column in zip(levels[1:], thresholds.T, strict=True):
            shaped = column.reshape(-1, *[1] * (len(result.shape) - 1))
            reached = self._node("GreaterOrEqual", (x, self._int32(op.name, shaped)))
            name = self._node("Where", (reached, level, name))
        self._node("Identity", (name,), op.output)
        self.kinds[op.output] = TensorProto.UINT8

    def _integers(self, name: str) -> str:
        """The tensor in int32."""
        if self.kinds[name] == TensorProto.INT32:
            return name
        offset = self._int32(name, offset_of(self._network.tensors[name]))
        return self._node("Sub", (self._node("Cast", (name,), to=TensorProto.INT32), offset))

    def _codes(self, op: Op, name: str) -> str:
        if self.kinds[name] != TensorProto.UINT8:
            raise UserError(f"{op.name}: no integer operator of ONNX for {op.kind} of sums")
        return name

    def _check_codes(self, tensor: Tensor) -> None:
        if tensor.type.bits > 8:
            raise UserError(f"{tensor.name}: expected codes of 8 bits, got {tensor.type}")

    def _weight(self, op: Op, weight: IntArray) -> str:
        if weight.min() < -128 or weight.max() > 127:
            raise UserError(f"{op.name}: expected weights of 8 bits, got {weight.min()} to {weight.max()}")
        return self._constant(weight.astype(np.int8))

    def _int32(self, name: str, values: npt.ArrayLike) -> str:
        wide = np.asarray(values, np.int64)
        self._check_int32(name, wide)
        return self._constant(wide.astype(np.int32))

    def _check_int32(self, name: str, values: npt.NDArray[Any]) -> None:
        lo, hi = int(values.min()), int(values.max())
        if lo < _INT32.min or hi > _INT32.max:
            raise UserError(
                f"{name}: no integer operator of ONNX for numbers of {lo} to {hi}, beyond 32 bits"
            )

    def _constant(self, values: npt.ArrayLike) -> str:
        name = f"constant {len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def _node(self, kind: str, inputs: Iterable[str], output: str = "", **attributes: Any) -> str:
        name = output or f"value {len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name
