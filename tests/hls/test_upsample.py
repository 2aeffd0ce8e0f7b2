"""Maps upsampled by two, and sums of free scales, in streams and in registers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.csim import run_csim
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate
from twofold.hls.types import IoType
from twofold.network.dyadic import Dyadic
from twofold.network.errors import NetworkError
from twofold.network.graph import Network
from twofold.network.ops import Upsample2d, WeightedAdd
from twofold.network.types import IntType
from twofold.network.verify import verify


@pytest.fixture(scope="module")
def upsampled(builder: Callable[..., Any]) -> Network:
    """An odd map of several channels, upsampled before and after other layers, and a weighted sum."""
    net = builder((3, 3, 5), IntType(False, 5))
    codes = net.requantise(
        "codes", net.conv("conv", "x", 2, (1, 1)), IntType(True, 7, Dyadic.from_float(0.75)), 3
    )
    larger = net.add(Upsample2d("first", (codes,), "larger"), IntType(True, 7, Dyadic.from_float(0.75)))
    source = net.add(Upsample2d("second", ("x",), "source"), IntType(False, 5))
    other = net.requantise(
        "other", net.conv("side", source, 2, (1, 1)), IntType(False, 6, Dyadic.from_float(0.5)), 4
    )
    net.add(
        WeightedAdd("sum", (larger, other), "sums", (30_000, 20_000)), scale=Dyadic.from_float(0.75 / 30_000)
    )
    net.conv("end", net.requantise("last", "sums", IntType(True, 8), 14), 3, (2, 2))
    return verify(net.network("end_sum"))


@pytest.mark.parametrize("io", list(IoType))
def test_every_layer_equals_golden(upsampled: Network, io: IoType, tmp_path: Path) -> None:
    project = generate(upsampled, tmp_path / "p", HlsOptions(io=io))
    frames = sample_frames(upsampled, 12, seed=0)
    golden, found = execute(upsampled, frames), run_csim(project, frames)
    assert {"larger", "source", "sums"} <= found.keys()
    assert [name for name in found if not np.array_equal(found[name], golden[name])] == []


def test_rows_that_do_not_fit_registers_are_refused(builder: Callable[..., Any], tmp_path: Path) -> None:
    net = builder((64, 2, 65), IntType(False, 2))
    net.add(Upsample2d("up", ("x",), "y"), IntType(False, 2))
    with pytest.raises(NetworkError, match="up: row: expected rows of at most 4096 elements in registers"):
        generate(net.network("y"), tmp_path / "p", HlsOptions())
