from __future__ import annotations

from dataclasses import replace

import numpy as np

from twofold.network.graph import Tensor
from twofold.network.ops import Linear
from twofold.network.passes.drop_unused import drop_unused
from twofold.network.passes.run import run_passes
from twofold.network.types import IntType


def test_branches_that_end_nowhere_go(network):
    spare = Tensor("spare", (1,), IntType(True, 20))
    op = Linear("spare", ("flat",), "spare", np.ones((1, 2)), np.zeros(1))
    wider = replace(network, tensors={**network.tensors, "spare": spare}, ops=(*network.ops, op))
    result = run_passes(wider, [drop_unused])
    assert result.ops == network.ops
    assert dict(result.tensors) == dict(network.tensors)


def test_only_what_the_output_needs_stays(network):
    result = run_passes(replace(network, output_name="act"), [drop_unused])
    assert [op.name for op in result.ops] == ["conv", "branch", "add", "act"]
    assert list(result.tensors) == ["x", "conv", "branch", "add", "act"]
