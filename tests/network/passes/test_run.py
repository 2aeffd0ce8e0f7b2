from __future__ import annotations

from dataclasses import replace

import pytest

from twofold.network.errors import NetworkError
from twofold.network.passes.run import run_passes


def test_passes_run_in_order(network):
    seen = []

    def mark(name):
        return lambda network: seen.append(name) or network

    assert run_passes(network, [mark("a"), mark("b")]) is network
    assert seen == ["a", "b"]


def test_a_pass_that_breaks_the_network_is_caught_at_once(network):
    def breaks(network):
        return replace(network, output_name="nil")

    def never(network):
        raise AssertionError("ran after a broken network")

    with pytest.raises(NetworkError, match="expected names of tensors"):
        run_passes(network, [breaks, never])


def test_the_first_network_is_verified(network):
    with pytest.raises(NetworkError):
        run_passes(replace(network, input_name="nil"), [])
