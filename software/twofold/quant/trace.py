"""Brings a traced model to one form: every node is a module of a short list."""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn.parameter import is_lazy

from twofold.errors import UserError
from twofold.quant.advice import FLATTEN, instead_of
from twofold.quant.flattening import unify_flattening
from twofold.quant.in_place import follow_writes
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
#: Rounding of float32 may differ between a model and its trace, by this share of the largest number.
_SAME = 1e-3
_OF_NUMPY = {"dim": "axis", "keepdim": "keepdims"}
#: Of a map [N, C, H, W].
_CHANNELS = (1, -3)
_METHODS: Mapping[str, str] = {
    "add": "add", "add_": "add", "relu": "relu", "relu_": "relu", "flatten": "flatten", "mean": "mean",
    "contiguous": "identity", "clone": "identity",
}  # fmt: skip


def trace(model: nn.Module) -> fx.GraphModule:
    """What `model` computes in evaluation mode, with one way to flatten, without what leads to no result and
    without readers of what was written over. `model` is not changed.
    """
    check_sized(model)
    with _in_evaluation(model):
        traced = symbolic_trace(model)
    follow_writes(traced)
    unify_flattening(traced)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced


@contextmanager
def _in_evaluation(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class _Tracer(fx.Tracer):
    """Takes a layer with weights as one, also of a class of the user's that leaves its forward() alone."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        own_forward = type(m).forward not in (nn.Conv2d.forward, nn.Linear.forward)
        return not own_forward or super().is_leaf_module(m, module_qualified_name)


def symbolic_trace(model: nn.Module) -> fx.GraphModule:
    """`torch.fx.symbolic_trace` with an error for the user, also for whatever else forward() raises."""
    wanted = f"{type(model).__name__}: expected a model that torch.fx can trace"
    try:
        tracer = _Tracer()
        graph = tracer.trace(model)
        return fx.GraphModule(tracer.root, graph, type(model).__name__)
    except (fx.proxy.TraceError, TypeError) as error:
        raise UserError(
            f"{wanted}, got: {_first_line(error)}; remove control flow that depends on tensors from forward()"
        ) from error
    except Exception as error:
        raise UserError(f"{wanted}, got {_told(error)}") from error


def quantised_names(model: nn.Module) -> Mapping[str, str]:
    """Name of each module that `model` calls → its name in what `twofold.quant.convert.quantise` makes of it:
    `stack1.0.conv1` → `stack1_0_conv1`."""
    return {str(node.target): node.name for node in trace(model).graph.nodes if node.op == "call_module"}


def refuse(node: fx.Node, why: str) -> UserError:
    return UserError(f"node {node.name} ({_target_name(node)}): {why}")


def refuse_kind(node: fx.Node, kind: str) -> UserError:
    """kind: name of the class or operation that is not among the supported ones."""
    return refuse(node, f"{kind} cannot be quantised{instead_of(kind)}; supported are {SUPPORTED}")


def check_sized(model: nn.Module) -> None:
    """Raises UserError, naming the layer, for one that waits for its first images to know its size."""
    for name, module in model.named_modules():
        if any(map(is_lazy, (*module.parameters(recurse=False), *module.buffers(recurse=False)))):
            kind = type(module).__name__
            raise UserError(
                f"{name} ({kind}): expected sizes in numbers; write them, or call the network once before"
            )


def copied(model: nn.Module) -> nn.Module:
    """A copy. Raises UserError for a model that PyTorch cannot copy."""
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise UserError(
            f"{type(model).__name__}: expected a model that can be copied, got {_told(error)}"
        ) from error


def check_takes(model: nn.Module, images: Tensor) -> Tensor:
    """What `model` gives for `images` in evaluation mode. The model is not changed.

    Raises UserError, with the reason, if it does not take images of this shape or gives no tensor.
    """
    check_sized(model)
    twin = copied(model).eval()
    shape = "×".join(map(str, images.shape[1:]))
    wanted = (
        f"{type(model).__name__}: expected a model that takes images of {shape}, one tensor, and gives one, "
        "logits [images, classes]"
    )
    try:
        with torch.no_grad():
            found = twin(images)
    except Exception as error:
        raise UserError(f"{wanted}; got {_told(error)}") from error
    if not isinstance(found, Tensor):
        raise UserError(f"{wanted}; it gives a {type(found).__name__}")
    return found


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {_first_line(error)}".removesuffix(": ")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


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
        if node.target in (F.dropout, F.dropout2d) and _argument(node, 2, "training", True):
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


def module_of(node: fx.Node, graph: fx.GraphModule) -> nn.Module:
    """The module that computes `node`. Raises UserError, naming the node, for what is not supported."""
    if node.op == "call_module":
        return _checked(node, graph.get_submodule(str(node.target)))
    names: Mapping[Any, str] = _FUNCTIONS if node.op == "call_function" else _METHODS
    if node.target not in names:
        raise refuse_kind(node, _target_name(node))
    return _checked(node, _from_call(node, names[node.target]))


def _target_name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))


def _argument(node: fx.Node, position: int, name: str, default: Any = None) -> Any:
    """name: PyTorch's; it takes NumPy's, too."""
    if len(node.args) > position:
        return node.args[position]
    return node.kwargs.get(name, node.kwargs.get(_OF_NUMPY.get(name, name), default))


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
                _argument(node, 1, "size"),
                _argument(node, 2, "scale_factor"),
                _argument(node, 3, "mode", "nearest"),
            )
        case "dropout":
            return nn.Dropout(_argument(node, 1, "p", 0.5))
        case "dropout2d":
            return nn.Dropout2d(_argument(node, 1, "p", 0.5))
        case "flatten":
            return nn.Flatten(_argument(node, 1, "start_dim", 0), _argument(node, 2, "end_dim", -1))
        case "max_pool2d":
            return nn.MaxPool2d(
                _argument(node, 1, "kernel_size"),
                _argument(node, 2, "stride"),
                _argument(node, 3, "padding", 0),
                _argument(node, 4, "dilation", 1),
                ceil_mode=bool(_argument(node, 5, "ceil_mode", False)),
            )
        case "avg_pool2d":
            return nn.AvgPool2d(
                _argument(node, 1, "kernel_size"),
                _argument(node, 2, "stride"),
                _argument(node, 3, "padding", 0),
                bool(_argument(node, 4, "ceil_mode", False)),
                bool(_argument(node, 5, "count_include_pad", True)),
                _argument(node, 6, "divisor_override"),
            )
        case "adaptive_avg_pool2d":
            return nn.AdaptiveAvgPool2d(_argument(node, 1, "output_size"))
        case _:
            return _mean(node)


def joined_by(node: fx.Node) -> tuple[fx.Node, ...]:
    """The operands of a concatenation, in order."""
    return tuple(_argument(node, 0, "tensors"))


def _concat(node: fx.Node) -> nn.Module:
    axis, tensors = _argument(node, 1, "dim", 0), _argument(node, 0, "tensors")
    if axis not in _CHANNELS:
        raise refuse(node, f"expected channels to be joined, dim = 1, got dim = {axis}")
    if not isinstance(tensors, tuple | list) or not all(isinstance(part, fx.Node) for part in tensors):
        raise refuse(node, f"expected a list of tensors to join, got {tensors}")
    return Concat()


def _mean(node: fx.Node) -> nn.Module:
    axes = _argument(node, 1, "dim")
    keep = bool(_argument(node, 2, "keepdim", False))
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
