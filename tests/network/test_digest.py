"""What makes two networks one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twofold.network.digest import digest
from twofold.network.graph import Network


def test_constants_types_and_tensors_count_and_the_network_s_name_does_not(
    network: Network, with_op, with_tensor
) -> None:
    first = digest(network)
    assert digest(replace(network, name="another")) == first
    assert digest(with_op(network, "fc", bias=np.array([1, 2, 4]))) != first
    assert digest(with_tensor(network, "conv", bits=21)) != first
