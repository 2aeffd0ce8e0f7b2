"""hls4ml's VivadoAccelerator flow: AXI around the network, for a board's processing system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hls4ml.model.graph import ModelGraph

from twofold.errors import UserError
from twofold.hls.spec import ProjectSpec
from twofold.hls.types import HlsType

# What NumPy has a type for, and the flow's DMA a width.
_WIDTHS = (8, 16, 32, 64)


def accelerator_config(board: str, spec: ProjectSpec) -> dict[str, Any]:
    """hls4ml's `AcceleratorConfig`: streams of one signed integer type that holds input and output codes.

    One type for both, since hls4ml's driver allocates its buffers with one, and its scripts exchange the
    widths of the two streams.
    """
    type_ = str(HlsType(True, _width(spec)))
    return {
        "Board": board,
        "Interface": "axi_stream",
        "Driver": "python",
        "Precision": {"Input": type_, "Output": type_},
    }


def _width(spec: ProjectSpec) -> int:
    ends = (spec.layers[0], next(layer for layer in spec.layers if layer.name == spec.output_layer))
    types = [layer.types["result"] for layer in ends]
    needed = max(type_.bits + (not type_.signed) for type_ in types)
    fitting = [width for width in _WIDTHS if width >= needed]
    if not fitting:
        raise UserError(f"{spec.output_layer}: expected codes of at most {_WIDTHS[-1]} bits, found {needed}")
    return fitting[0]


def mend_axi_types(folder: Path, top: str) -> None:
    """Gives the integer types of the streams their names in C++, which hls4ml writes without `ap_`.

    Raises UserError if hls4ml did not write the two lines that are to be mended.
    """
    path = folder / "firmware" / f"{top}_axi.h"
    text, count = re.subn(r"typedef int<(\d+)> (T_in|T_out);", r"typedef ap_int<\1> \2;", path.read_text())
    if count != 2:
        raise UserError(
            f"{path.name}: expected hls4ml to define T_in and T_out as int<…>, found {count} of them"
        )
    path.write_text(text)


def axi_dtype(model: ModelGraph) -> str:
    """NumPy's name of the type that both streams carry."""
    type_ = model.config.get_config_value("AcceleratorConfig")["Precision"]["Input"]
    return f"int{type_.removeprefix('ap_int<').removesuffix('>')}"
