from __future__ import annotations

from twofold.network.describe import describe, macs, observed_tensors, total_macs


def test_each_op_has_a_row(network):
    rows = describe(network)
    assert [row.name for row in rows] == [op.name for op in network.ops]
    assert rows[0].cells == ("conv", "Conv2d", "2×4×4", "int20(2^-6)", "576")
    assert rows[-2].cells == ("flat", "Flatten", "2", "uint4(2^-2)", "")


def test_products_are_counted_with_their_padding(network):
    assert [macs(op, network) for op in network.ops] == [16 * 36, 0, 0, 0, 0, 0, 0, 0, 6]
    assert total_macs(network) == 582


def test_groups_divide_the_products(network, with_op):
    grouped = with_op(network, "conv", weight=network.ops[0].weight[:, :1], groups=2)
    assert macs(grouped.ops[0], grouped) == 16 * 18


def test_observed_tensors_are_quantised_or_the_output(network):
    assert observed_tensors(network) == ("x", "branch", "act", "pool", "mean", "fc")
