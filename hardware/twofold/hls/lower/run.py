"""`Network` → hls4ml layers: channels-last, with every type taken from the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twofold.hls.layout import Layout
from twofold.hls.lower.elementwise import lower_add, lower_concat, lower_requantise, lower_threshold
from twofold.hls.lower.pools import lower_flatten, lower_max_pool, lower_sum_pool, lower_upsample
from twofold.hls.lower.products import lower_conv2d, lower_linear
from twofold.hls.lower.state import Lowering
from twofold.hls.many_thresholds import BiasedRequantise, with_multipliers
from twofold.hls.options import HlsOptions
from twofold.hls.sizes import check_sizes
from twofold.hls.spec import LayerSpec, ProjectSpec
from twofold.hls.strategy import choose
from twofold.hls.support import check_support
from twofold.hls.types import HlsType
from twofold.network.graph import Network
from twofold.network.ops import (
    Add,
    Concat,
    Conv2d,
    Flatten,
    Linear,
    MaxPool2d,
    Op,
    Requantise,
    SumPool2d,
    Threshold,
    Upsample2d,
    WeightedAdd,
)
from twofold.network.ranges import value_ranges

INPUT_LAYER = "frame"

# The layers of one op; the last one writes the op's result.
_LOWERINGS: Mapping[type[Op], Callable[[Any, Lowering], list[LayerSpec]]] = {
    Conv2d: lower_conv2d,
    Linear: lower_linear,
    Add: lower_add,
    WeightedAdd: lower_add,
    Concat: lower_concat,
    MaxPool2d: lower_max_pool,
    SumPool2d: lower_sum_pool,
    Upsample2d: lower_upsample,
    Flatten: lower_flatten,
    Requantise: lower_requantise,
    BiasedRequantise: lower_requantise,
    Threshold: lower_threshold,
}


def lower(network: Network, options: HlsOptions) -> ProjectSpec:
    """The layers of a project.

    Raises NetworkError, by op name, for what cannot be built exactly or what HLS cannot finish, and UserError
    for what does not fit the budget.
    """
    ranges, network = value_ranges(network), with_multipliers(network)
    check_support(network, options)
    check_sizes(network, options)
    strategies = choose(network, options)
    state = Lowering(network, strategies.layers, ranges)
    layout = Layout(network.input.shape)
    state.layouts[network.input_name] = layout
    state.layer_of[network.input_name] = INPUT_LAYER
    state.layers.append(
        LayerSpec(
            INPUT_LAYER,
            "InputLayer",
            (),
            {"result": HlsType.of(network.input.type)},
            {"input_shape": layout.hls_shape, "data_format": "channels_last"},
        )
    )
    for op in network.ops:
        state.layers.extend(_LOWERINGS[type(op)](op, state))
        state.layer_of[op.output] = state.layers[-1].name
        if not isinstance(op, Flatten):
            state.layouts[op.output] = Layout(network.result(op).shape)
    output = state.layer_of[network.output_name]
    return ProjectSpec(tuple(state.layers), state.layouts, output, strategies.proposal)
