"""The layer that a traced node is: a module of a short list, also where forward() calls a function."""

from __future__ import annotations

import copy
import operator
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from twofold.errors import UserError
from twofold.quant.advice import instead_of
from twofold.quant.layers import Add, Concat, ReLU6

SUPPORTED = (
    "Conv2d, BatchNorm2d, Linear, BatchNorm1d, ReLU, ReLU6, add, cat, MaxPool2d, AvgPool2d, "
    "AdaptiveAvgPool2d(1), mean over height and width, Upsample by 2, Flatten, Dropout, Identity"
)

_FUNCTIONS: Mapping[Any, str] = {
    operator.add: "add", operator.iadd: "add", torch.add: "add",
    torch.cat: "cat", torch.concat: "cat", torch.concatenate: "cat",
    F.relu: "relu", torch.relu: "relu", torch.relu_: "relu", F.relu6: "relu6",
    torch.flatten: "flatten", torch.mean: "mean",
    F.max_pool2d: "max_pool2d", torch.max_pool2d: "max_pool2d",
    F.avg_pool2d: "avg_pool2d", F.adaptive_avg_pool2d: "adaptive_avg_pool2d", F.dropout: "dropout",
    F.dropout2d: "dropout2d", F.interpolate: "interpolate",
}  # fmt: skip
_METHODS: Mapping[str, str] = {
    "add": "add", "add_": "add", "relu": "relu", "relu_": "relu", "flatten": "flatten", "mean": "mean",
    "contiguous": "identity", "clone": "identity",
}  # fmt: skip
_OF_NUMPY = {"dim": "axis", "keepdim": "keepdims"}
#: Of a map [N, C, H, W].
_CHANNELS = (1, -3)


def module_of(node: fx.Node, graph: fx.GraphModule) -> nn.Module:
    """The module that computes `node`. Raises UserError, naming the node, for what is not supported."""
    if node.op == "call_module":
        return _checked(node, graph.get_submodule(str(node.target)))
    names: Mapping[Any, str] = _FUNCTIONS if node.op == "call_function" else _METHODS
    if node.target not in names:
        raise refuse_kind(node, _target_name(node))
    return _checked(node, _from_call(node, names[node.target]))


def refuse(node: fx.Node, why: str) -> UserError:
    return UserError(f"node {node.name} ({_target_name(node)}): {why}")


def refuse_kind(node: fx.Node, kind: str) -> UserError:
    """kind: name of the class or operation that is not among the supported ones."""
    return refuse(node, f"{kind} cannot be quantised{instead_of(kind)}; supported are {SUPPORTED}")


def joined_by(node: fx.Node) -> tuple[fx.Node, ...]:
    """The operands of a concatenation, in order."""
    return tuple(argument(node, 0, "tensors"))


def argument(node: fx.Node, position: int, name: str, default: Any = None) -> Any:
    """name: PyTorch's; it takes NumPy's, too."""
    if len(node.args) > position:
        return node.args[position]
    return node.kwargs.get(name, node.kwargs.get(_OF_NUMPY.get(name, name), default))


def _target_name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _from_call(node: fx.Node, name: str) -> nn.Module:
    match name:
        case "add":
            if node.kwargs.get("alpha", 1) != 1:
                raise refuse(node, f"expected alpha = 1, got {node.kwargs['alpha']}")
            return Add()
        case "cat":
            return _concat(node)
        case "relu":
            return nn.ReLU()
        case "relu6":
            return ReLU6()
        case "identity":
            return nn.Identity()
        case "interpolate":
            return nn.Upsample(
                argument(node, 1, "size"),
                argument(node, 2, "scale_factor"),
                argument(node, 3, "mode", "nearest"),
            )
        case "dropout":
            return nn.Dropout(argument(node, 1, "p", 0.5))
        case "dropout2d":
            return nn.Dropout2d(argument(node, 1, "p", 0.5))
        case "flatten":
            return nn.Flatten(argument(node, 1, "start_dim", 0), argument(node, 2, "end_dim", -1))
        case "max_pool2d":
            return nn.MaxPool2d(
                argument(node, 1, "kernel_size"),
                argument(node, 2, "stride"),
                argument(node, 3, "padding", 0),
                argument(node, 4, "dilation", 1),
                ceil_mode=bool(argument(node, 5, "ceil_mode", False)),
            )
        case "avg_pool2d":
            return nn.AvgPool2d(
                argument(node, 1, "kernel_size"),
                argument(node, 2, "stride"),
                argument(node, 3, "padding", 0),
                bool(argument(node, 4, "ceil_mode", False)),
                bool(argument(node, 5, "count_include_pad", True)),
                argument(node, 6, "divisor_override"),
            )
        case "adaptive_avg_pool2d":
            return nn.AdaptiveAvgPool2d(argument(node, 1, "output_size"))
        case _:
            return _mean(node)


def _concat(node: fx.Node) -> nn.Module:
    axis, tensors = argument(node, 1, "dim", 0), argument(node, 0, "tensors")
    if axis not in _CHANNELS:
        raise refuse(node, f"expected channels to be joined, dim = 1, got dim = {axis}")
    if not isinstance(tensors, tuple | list) or not all(isinstance(part, fx.Node) for part in tensors):
        raise refuse(node, f"expected a list of tensors to join, got {tensors}")
    return Concat()


def _mean(node: fx.Node) -> nn.Module:
    axes = argument(node, 1, "dim")
    keep = bool(argument(node, 2, "keepdim", False))
    if not isinstance(axes, tuple | list) or sorted(axis % 4 for axis in axes) != [2, 3]:
        raise refuse(node, f"expected a mean over the axes (2, 3), got {axes}")
    pool = nn.AdaptiveAvgPool2d(1)
    return pool if keep else nn.Sequential(pool, nn.Flatten(1))


def _with_numbers(node: fx.Node, module: nn.Conv2d) -> nn.Conv2d:
    """The same convolution, of the same parameters, its padding in place of 'same' or 'valid'."""
    spans = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    if module.padding == "same" and any(span % 2 for span in spans):
        raise refuse(node, f"expected an odd kernel with padding='same', got {module.kernel_size}")
    twin = copy.copy(module)
    twin.padding = tuple(span // 2 for span in spans) if module.padding == "same" else (0, 0)
    return twin


def _checked(node: fx.Node, module: nn.Module) -> nn.Module:
    match module:
        case nn.Conv2d() if module.padding_mode != "zeros":
            raise refuse(node, f"expected padding_mode='zeros', got {module.padding_mode!r}")
        case nn.Conv2d() if isinstance(module.padding, str):
            return _with_numbers(node, module)
        case nn.ReLU6():
            return ReLU6()
        case nn.Upsample() if module.mode != "nearest" or module.scale_factor not in (2, (2, 2)):
            found = module.scale_factor or f"size {module.size}"
            raise refuse(node, f"expected mode='nearest' and scale_factor=2, got {module.mode!r}, {found}")
        case nn.MaxPool2d() if module.ceil_mode or module.dilation not in (1, (1, 1)):
            raise refuse(node, "expected ceil_mode = False and dilation = 1")
        case nn.AvgPool2d() if (
            module.ceil_mode or module.divisor_override or module.padding not in (0, (0, 0))
        ):
            raise refuse(node, "expected ceil_mode = False, padding = 0 and no divisor_override")
        case nn.AdaptiveAvgPool2d() if module.output_size not in (1, (1, 1)):
            raise refuse(
                node, f"expected an output of 1×1, got {module.output_size}; write AvgPool2d for larger ones"
            )
        case nn.Flatten() if (module.start_dim, module.end_dim) != (1, -1):
            raise refuse(node, f"expected dimensions 1 to -1, got {module.start_dim} to {module.end_dim}")
        case nn.BatchNorm1d() | nn.BatchNorm2d() if not (module.affine and module.track_running_stats):
            raise refuse(node, "expected affine = True and track_running_stats = True")
    return module
