"""Size and bit operations of the networks, equal to the digits that the paper prints."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from torch import nn

from twofold.tables.compression import NETWORKS, Compression, compression, compressions
from twofold.tables.published import COMPRESSION

# The paper's own rule gives these where it prints 115.85 and 15.94.
CORRECTED = {("ResNet-20", "bops_ratio"): 115.65, ("ResNet-110", "size_ratio"): 15.91}


@pytest.fixture(scope="module")
def counted() -> Mapping[str, Compression]:
    return compressions()


@pytest.mark.parametrize("network", NETWORKS.values())
def test_figures_equal_the_printed_digits(network: str, counted: Mapping[str, Compression]) -> None:
    printed = COMPRESSION[network].as_json()
    expected = {name: CORRECTED.get((network, name), figure) for name, figure in printed.items()}
    assert counted[network].as_json() == expected


def test_every_printed_network_is_counted(counted: Mapping[str, Compression]) -> None:
    assert set(counted) == set(COMPRESSION)


def test_hidden_layers_count_with_the_inputs_that_they_had() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 10, 3, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(10, 100, bias=False),
        nn.Linear(100, 2, bias=False),
    )
    found = compression(network)
    convolution, hidden, last = 10 * 27, 10 * 100, 100 * 2
    assert found.size_mb == (convolution + hidden + last) * 4 / 1e6
    compressed_bits = 7 * 27 * 8 + hidden * 4 + last * 8
    assert found.size_ratio == pytest.approx((convolution + hidden + last) * 32 / compressed_bits)
