"""Tensors joined along channels, in streams and in registers."""

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
from twofold.network.graph import Network
from twofold.network.ops import Concat
from twofold.network.types import IntType
from twofold.network.verify import verify


@pytest.fixture(scope="module")
def joined(builder: Callable[..., Any]) -> Network:
    """Three tensors of different widths and channels, one of them read again."""
    net = builder((2, 3, 4), IntType(False, 5))
    wide = net.requantise("wide", net.conv("conv", "x", 3, (1, 1)), IntType(False, 7), 3)
    narrow = net.threshold("narrow", "x", [0, 1, 3], 20)
    all_three = net.add(Concat("join", (wide, narrow, "x"), "joined"), IntType(False, 7))
    pair = net.add(Concat("pair", (all_three, wide), "pair"), IntType(False, 7))
    net.conv("end", pair, 2, (2, 2))
    return verify(net.network("end_sum"))


@pytest.mark.parametrize("io", list(IoType))
def test_joined_tensors_equal_golden(joined: Network, io: IoType, tmp_path: Path) -> None:
    project = generate(joined, tmp_path / "p", HlsOptions(io=io))
    frames = sample_frames(joined, 12, seed=0)
    golden, found = execute(joined, frames), run_csim(project, frames)
    assert {"joined", "pair"} <= found.keys()
    assert [name for name in found if not np.array_equal(found[name], golden[name])] == []
