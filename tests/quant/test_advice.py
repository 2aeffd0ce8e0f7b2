"""Refusals say what to write instead."""

from __future__ import annotations

import pytest

from twofold.quant.advice import instead_of


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("GELU", "; write ReLU and train anew"),
        ("hardtanh", "; write ReLU and train anew"),
        ("sigmoid", "; between layers write ReLU"),
        ("GroupNorm", "; write BatchNorm2d right after a convolution"),
        ("ConvTranspose2d", "; write Upsample"),
        ("size", "; write torch.flatten(x, 1), adaptive_avg_pool2d(x, 1), or sizes in numbers"),
        ("PixelShuffle", ""),
    ],
)
def test_it_begins_with_what_to_write(kind: str, said: str) -> None:
    assert instead_of(kind).startswith(said) and bool(instead_of(kind)) == bool(said)
