"""Windows of the ops."""

from __future__ import annotations

from twofold.network.graph import Network
from twofold.plan.stages import stages
from twofold.plan.window import Window


def test_windows(network: Network) -> None:
    windows = [Window.of(stage) for stage in stages(network)]
    assert windows == [
        Window((3, 3), (1, 1), (-1, -1), (1, 1)),
        Window((1, 1), (1, 1), (0, 0), (1, 1)),
        Window((1, 1), (1, 1), (0, 0), (1, 1)),
        Window((2, 2), (2, 2), (0, 0), (1, 1)),
        Window((3, 2), (1, 1), (0, 0), (1, 1)),
    ]
    assert Window((3, 2), (1, 1), (0, 0), (4, 1)).extent == (9, 2)
