"""The layers that this package adds to hls4ml: their attributes, types and C++ calls."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from hls4ml.backends import get_backend
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.attributes import Attribute, TypeAttribute, WeightAttribute
from hls4ml.model.layers import Layer, layer_map, register_layer
from hls4ml.model.types import NamedType

from twofold.hls.options import HlsBackend

HEADERS = Path(__file__).parent / "nnet_utils"
PRODUCT_HEADER = "nnet_twofold_product.h"
# The flows of the other backends apply this one's templates, too.
_TEMPLATES_OF = HlsBackend.VIVADO


class TwofoldLayer(Layer):
    """A layer of its operand's shape but for `out_height` and `out_width`, or `out_channels`, where set.

    constants: names of the arrays that become C++ constants, read from attributes `<name>_data`.
    internal_types: types of values inside the layer.
    """

    constants: ClassVar[tuple[str, ...]] = ()
    internal_types: ClassVar[tuple[str, ...]] = ()

    def initialize(self) -> None:
        shape = list(self.get_input_variable().shape)
        if self.get_attr("out_height") is not None:
            shape = [self.get_attr("out_height"), self.get_attr("out_width"), shape[-1]]
        shape[-1] = self.get_attr("out_channels", shape[-1])
        self.add_output_variable(shape)
        for constant in self.constants:
            self.add_weights_variable(name=constant, var_name=constant + "{index}")
        for name in self.internal_types:
            precision, type_name = self.model.config.get_precision(self, name)
            self.set_attr(f"{name}_t", NamedType(type_name, precision))


class TwofoldPad(TwofoldLayer):
    """Channels-last map with a frame of one constant."""

    _expected_attributes: ClassVar = [
        Attribute(name)
        for name in (
            "in_height", "in_width", "out_height", "out_width",
            "pad_top", "pad_left", "pad_bottom", "pad_right", "n_chan", "value",
        )
    ]  # fmt: skip


class TwofoldAdd(TwofoldLayer):
    """Sum of two operands, each times a factor and shifted left."""

    internal_types = ("sum",)
    _expected_attributes: ClassVar = [
        *(Attribute(name) for name in ("n_in", "n_chan", "factor_a", "factor_b", "shift_a", "shift_b")),
        TypeAttribute("sum"),
    ]


class TwofoldConcat(TwofoldLayer):
    """Two operands joined along channels."""

    _expected_attributes: ClassVar = [
        Attribute(name) for name in ("n_pixels", "n_chan_a", "n_chan_b", "out_channels")
    ]


class TwofoldSumPool(TwofoldLayer):
    """Exact sums over windows."""

    _expected_attributes: ClassVar = [
        Attribute(name)
        for name in (
            "in_height", "in_width", "out_height", "out_width",
            "pool_height", "pool_width", "stride_height", "stride_width", "n_chan",
        )
    ]  # fmt: skip


class TwofoldRequantise(TwofoldLayer):
    """A bias, multiplier and shift for each channel, half to even, clamp."""

    constants = ("multiplier", "shift")
    internal_types = ("product",)
    _expected_attributes: ClassVar = [
        *(Attribute(name) for name in ("n_in", "n_chan", "bias", "zero_point", "lowest", "highest")),
        WeightAttribute("multiplier"),
        WeightAttribute("shift"),
        TypeAttribute("multiplier"),
        TypeAttribute("shift"),
        TypeAttribute("product"),
    ]


class TwofoldThreshold(TwofoldLayer):
    """Thresholds for each channel, one row of levels for all."""

    constants = ("thresholds", "levels")
    _expected_attributes: ClassVar = [
        *(Attribute(name) for name in ("n_in", "n_chan", "n_thresholds")),
        WeightAttribute("thresholds"),
        WeightAttribute("levels"),
        TypeAttribute("thresholds"),
        TypeAttribute("levels"),
    ]


def _integers(*names: str, kind: str = "unsigned") -> str:
    return "".join(f"    static const {kind} {name} = {{{name}}};\n" for name in names)


def _typedefs(**types: str) -> str:
    return "".join(f"    typedef {{{source}_t.name}} {name}_t;\n" for name, source in types.items())


_REUSE = "    static const unsigned reuse_factor = {reuse};\n"
_CONFIGS = {
    TwofoldPad: _integers(
        "in_height", "in_width", "out_height", "out_width", "pad_top", "pad_left", "n_chan"
    )
    + _integers("value", kind="long long"),
    TwofoldAdd: _integers("n_in", "n_chan", "factor_a", "factor_b", "shift_a", "shift_b")
    + _typedefs(sum="sum"),
    TwofoldConcat: _integers("n_pixels", "n_chan_a", "n_chan_b"),
    TwofoldSumPool: _integers(
        "in_height", "in_width", "out_height", "out_width",
        "pool_height", "pool_width", "stride_height", "stride_width", "n_chan",
    ),
    TwofoldRequantise: _integers("n_in", "n_chan")
    + _REUSE
    + _integers("bias", "zero_point", "lowest", "highest", kind="long long")
    + _typedefs(multiplier="multiplier", shift="shift", product="product"),
    TwofoldThreshold: _integers("n_in", "n_chan", "n_thresholds")
    + _REUSE
    + _typedefs(threshold="thresholds", level="levels"),
}  # fmt: skip
_HEADERS = {
    TwofoldPad: "nnet_twofold_pad.h",
    TwofoldAdd: "nnet_twofold_add.h",
    TwofoldConcat: "nnet_twofold_concat.h",
    TwofoldSumPool: "nnet_twofold_sum_pool.h",
    TwofoldRequantise: "nnet_twofold_requantise.h",
    TwofoldThreshold: "nnet_twofold_threshold.h",
}


class TwofoldConfigTemplate(LayerConfigTemplate):
    """The C++ struct of a layer's sizes and types."""

    def __init__(self) -> None:
        super().__init__(tuple(_CONFIGS))

    def format(self, node: Layer) -> str:
        body = next(text for kind, text in _CONFIGS.items() if kind.__name__ == node.class_name)
        return f"struct config{node.index} {{\n" + body.format(**self._default_config_params(node)) + "};\n"


class TwofoldFunctionTemplate(FunctionCallTemplate):
    """The C++ call of a layer."""

    def __init__(self) -> None:
        super().__init__(tuple(_CONFIGS), include_header=[f"nnet_utils/{name}" for name in _HEADERS.values()])

    def format(self, node: Layer) -> str:
        header = next(name for kind, name in _HEADERS.items() if kind.__name__ == node.class_name)
        sources = [node.get_input_variable(name) for name in node.inputs]
        result = node.get_output_variable()
        types = ", ".join(
            [*(source.type.name for source in sources), result.type.name, f"config{node.index}"]
        )
        values = [*sources, result, *(node.get_weights(name) for name in type(node).constants)]
        function = header.removeprefix("nnet_").removesuffix(".h")
        return f"nnet::{function}<{types}>({', '.join(value.name for value in values)});"


def register_layers() -> None:
    """Makes the layers known to hls4ml, whose registries are global; a second call does nothing."""
    if TwofoldPad.__name__ in layer_map:
        return
    for kind in _HEADERS:
        register_layer(kind.__name__, kind)
    for name in HlsBackend:
        for header in (*_HEADERS.values(), PRODUCT_HEADER):
            get_backend(name).register_source(HEADERS / header)
    for template in (TwofoldConfigTemplate, TwofoldFunctionTemplate):
        get_backend(_TEMPLATES_OF).register_template(template)
