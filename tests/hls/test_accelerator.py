"""What is mended in hls4ml's board flow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twofold.errors import UserError
from twofold.hls.accelerator import accelerator_config, mend_axi_types
from twofold.hls.lower.run import lower
from twofold.hls.options import HlsOptions
from twofold.hls.spec import ProjectSpec
from twofold.hls.types import HlsType
from twofold.network.graph import Network


def with_output(spec: ProjectSpec, type_: HlsType) -> ProjectSpec:
    *rest, last = spec.layers
    return replace(spec, layers=(*rest, replace(last, types={**last.types, "result": type_})))


def test_both_streams_are_as_wide_as_the_wider_end_needs(every_layer_network: Network) -> None:
    spec = lower(every_layer_network, HlsOptions())
    for type_, expected in (
        (HlsType(True, 8), "ap_int<8>"),
        (HlsType(False, 8), "ap_int<16>"),
        (HlsType(True, 17), "ap_int<32>"),
        (HlsType(True, 33), "ap_int<64>"),
    ):
        config = accelerator_config("pynq-z2", with_output(spec, type_))
        assert config["Precision"] == {"Input": expected, "Output": expected}
    with pytest.raises(UserError, match="expected codes of at most 64 bits, found 65"):
        accelerator_config("pynq-z2", with_output(spec, HlsType(True, 65)))


def test_a_header_without_the_types_to_mend_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "firmware").mkdir()
    header = tmp_path / "firmware/top_axi.h"
    header.write_text("typedef int<16> T_in;\ntypedef int<16> T_out;\n")
    mend_axi_types(tmp_path, "top")
    assert header.read_text() == "typedef ap_int<16> T_in;\ntypedef ap_int<16> T_out;\n"
    with pytest.raises(UserError, match=r"top_axi.h: expected hls4ml to define T_in and T_out .* found 0"):
        mend_axi_types(tmp_path, "top")
