"""Puts products of two shifts and an addition into hls4ml's layers, in place of multiplications."""

from __future__ import annotations

from collections.abc import Sequence

from hls4ml.model.graph import ModelGraph
from hls4ml.model.layers import Layer

from twofold.errors import UserError
from twofold.hls.layers import PRODUCT_HEADER
from twofold.hls.spec import ProjectSpec
from twofold.hls.two_terms import TwoTerms

_PRODUCT = "nnet::product::mult<x_T, y_T>;"


def use_shift_products(model: ModelGraph, spec: ProjectSpec) -> None:
    """Changes the C++ configuration of every layer whose weights are codes of two terms.

    hls4ml chooses the product by the types of its own and has no place to register another. Raises UserError,
    naming the layer, if hls4ml did not write the multiplication that is to be replaced.
    """
    for layer in spec.layers:
        if layer.terms is not None:
            _use_shifts(model.graph[layer.name], layer.terms)


def _use_shifts(node: Layer, terms: TwoTerms) -> None:
    config = node.get_attr("config_cpp")
    if config.count(_PRODUCT) != 1:
        raise UserError(f"{node.name}: expected hls4ml to write {_PRODUCT!r} once, found {config!r}")
    name = f"terms{node.index}"
    shifts = config.replace(_PRODUCT, f"nnet::product::two_shifts<x_T, y_T, {name}>;")
    node.set_attr("config_cpp", _struct(name, terms) + shifts)
    node.set_attr("include_header", [*node.get_attr("include_header"), f"nnet_utils/{PRODUCT_HEADER}"])


def _struct(name: str, terms: TwoTerms) -> str:
    return (
        f"struct {name} {{\n"
        f"    static const unsigned first_bits = {terms.first_bits};\n"
        f"    static const unsigned second_bits = {terms.second_bits};\n"
        f"    static const unsigned highest = {terms.highest};\n"
        f"{_selection('first', terms.first)}{_selection('second', terms.second)}}};\n"
    )


def _selection(name: str, exponents: Sequence[int]) -> str:
    cases = "".join(
        f"        case {index}: return a << {exponent};\n" for index, exponent in enumerate(exponents, 1)
    )
    return (
        f"    template <class y_T> static y_T {name}(y_T a, unsigned index) {{\n"
        f"        #pragma HLS INLINE\n"
        f"        switch (index) {{\n{cases}        default: return 0;\n        }}\n    }}\n"
    )
