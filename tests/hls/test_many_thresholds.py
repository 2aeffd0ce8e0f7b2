"""More thresholds than registers hold: a multiplier and a bias, with the same integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twofold.errors import UserError
from twofold.golden.execute import execute
from twofold.golden.samples import sample_frames
from twofold.hls.budget import UNROLL_MAX
from twofold.hls.csim import run_csim
from twofold.hls.lower.run import lower
from twofold.hls.many_thresholds import BiasedRequantise, with_multipliers
from twofold.hls.options import HlsOptions
from twofold.hls.project import generate
from twofold.network.graph import Network
from twofold.network.ops import Add, Threshold
from twofold.network.types import IntType
from twofold.network.verify import verify

CHANNELS, ZERO_POINT = 20, 101


@pytest.fixture(scope="module")
def wide(builder: Callable[..., Any]) -> Network:
    """A sum of two tensors with zero points, rounded half to even with the odd zero point of its result."""
    net = builder((CHANNELS, 2, 3), IntType(False, 8, zero_point=60))
    other = net.requantise("other", "x", IntType(False, 8, zero_point=41), 4)
    total = net.add(Add("sum", ("x", other), "total", (0, 0)), IntType(False, 9, zero_point=101))
    sums = np.arange(511)
    codes = np.clip(np.rint((sums - 101) / 2 + ZERO_POINT), 0, 255)
    levels = np.arange(256)
    thresholds = np.tile(np.searchsorted(codes, levels[1:]), (CHANNELS, 1))
    op = Threshold("act", (total,), "act", thresholds, levels)
    return verify(net.network(net.add(op, IntType(False, 8, zero_point=ZERO_POINT))))


def test_equal_steps_multiply(wide: Network) -> None:
    assert wide.ops[-1].thresholds.size > UNROLL_MAX
    op = with_multipliers(wide).ops[-1]
    assert isinstance(op, BiasedRequantise) and op.biased == ZERO_POINT % 2
    assert with_multipliers(wide).ops[:-1] == wide.ops[:-1]


def test_uneven_steps_are_refused(wide: Network) -> None:
    op = wide.ops[-1]
    uneven = op.thresholds.copy()
    uneven[3, 100:] += 5
    network = replace(wide, ops=(*wide.ops[:-1], replace(op, thresholds=uneven)))
    assert with_multipliers(network).ops == network.ops
    with pytest.raises(UserError, match=r"act: thresholds: expected at most 4096 .* equal steps.* 5,100"):
        lower(network, HlsOptions())


def test_integers_are_goldens(wide: Network, tmp_path: Path) -> None:
    project, frames = generate(wide, tmp_path / "p", HlsOptions()), sample_frames(wide, 20, seed=0)
    golden, found = execute(wide, frames), run_csim(project, frames)
    assert {"other", "total", "act"} <= found.keys()
    assert [name for name in found if not np.array_equal(found[name], golden[name])] == []
