"""What a model computes, as a graph of its layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import fx, nn

from twofold.errors import UserError
from twofold.quant.flattening import unify_flattening
from twofold.quant.global_average import unify_global_averages
from twofold.quant.in_place import follow_writes
from twofold.quant.model_check import check_sized, first_line, told


def trace(model: nn.Module) -> fx.GraphModule:
    """What `model` computes in evaluation mode, in one spelling (`unify`), without readers of what was
    written over. `model` is not changed.
    """
    check_sized(model)
    with _in_evaluation(model):
        traced = symbolic_trace(model)
    follow_writes(traced)
    unify(traced)
    return traced


def unify(traced: fx.GraphModule) -> None:
    """In place: one way to average a map, one to flatten it, and nothing that leads to no result."""
    unify_global_averages(traced)
    unify_flattening(traced)
    traced.graph.eliminate_dead_code()
    traced.recompile()


@contextmanager
def _in_evaluation(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def symbolic_trace(model: nn.Module) -> fx.GraphModule:
    """`torch.fx.symbolic_trace` with an error for the user, also for whatever else forward() raises."""
    wanted = f"{type(model).__name__}: expected a model that torch.fx can trace"
    try:
        tracer = _Tracer()
        graph = tracer.trace(model)
        return fx.GraphModule(tracer.root, graph, type(model).__name__)
    except (fx.proxy.TraceError, TypeError) as error:
        raise UserError(
            f"{wanted}, got: {first_line(error)}; remove control flow that depends on tensors from forward()"
        ) from error
    except Exception as error:
        raise UserError(f"{wanted}, got {told(error)}") from error


class _Tracer(fx.Tracer):
    """Takes a layer with weights as one, also of a class of the user's that leaves its forward() alone."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        own_forward = type(m).forward not in (nn.Conv2d.forward, nn.Linear.forward)
        return not own_forward or super().is_leaf_module(m, module_qualified_name)


def quantised_names(model: nn.Module) -> Mapping[str, str]:
    """Name of each module that `model` calls → its name in what `twofold.quant.convert.quantise` makes of it:
    `stack1.0.conv1` → `stack1_0_conv1`."""
    return {str(node.target): node.name for node in trace(model).graph.nodes if node.op == "call_module"}
