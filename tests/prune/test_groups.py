"""Channels, who makes them and who reads them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from twofold.errors import UserError
from twofold.models.demo import DemoNet
from twofold.prune.criteria.criterion import Scores
from twofold.prune.criteria.filter_norm import FilterNorm
from twofold.prune.groups import check_unjoined, dependencies, groups_of
from twofold.prune.prunable import Prunable
from twofold.prune.remove import remove_filters
from twofold.quant.convert import quantise
from twofold.quant.recipe import Int

IMAGES = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
EXPECTED = {
    ("conv1", "conv3"): ({"conv1": "bn1", "conv3": "bn3"}, {"conv2", "conv4", "shortcut"}),
    ("conv2",): ({"conv2": "bn2"}, {"conv3"}),
    ("conv4", "shortcut"): ({"conv4": "bn4", "shortcut": "shortcut_bn"}, {"fc"}),
}


def found(model: nn.Module) -> dict[tuple[str, ...], tuple[dict[str, str], set[str]]]:
    groups = groups_of(dependencies(model, IMAGES), model)
    return {tuple(sorted(g.producers)): (dict(g.norms), set(g.readers)) for g in groups}


def test_a_residual_network() -> None:
    assert found(DemoNet()) == EXPECTED


def test_the_same_network_quantised() -> None:
    assert found(quantise(DemoNet(), Int(8), IMAGES)) == EXPECTED


def test_a_depthwise_convolution_loses_what_the_one_before_loses() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    groups = Prunable.of(model, IMAGES).groups
    (both,) = (group for group in groups if group.readers)
    assert (set(both.producers), both.readers) == ({"0", "1"}, ("2",))


class GivesSum(nn.Module):
    """Ends with what two convolutions give, added and averaged: a logit for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 3, 1), nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.second(torch.relu(self.first(x)))
        return (maps + self.last(maps)).mean((2, 3))


@pytest.mark.parametrize(
    ("model", "first"),
    [
        (
            nn.Sequential(
                nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 3, 1), nn.Flatten()
            ),
            "0",
        ),
        (GivesSum(), "first"),
    ],
)
def test_classes_are_no_filters_to_remove(model: nn.Module, first: str) -> None:
    assert Prunable.of(model, IMAGES).producers == (first,)
    keep = {name: 2 for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)}
    pruned = remove_filters(model, IMAGES, FilterNorm(1), keep)
    assert pruned.get_submodule(first).out_channels == 2
    assert pruned(IMAGES).shape == (4, 3)


class WithImages(nn.Module):
    """A filter for each channel of the images, one convolution added to them, one joined with them."""

    def __init__(self) -> None:
        super().__init__()
        self.each, self.added = nn.Conv2d(3, 3, 1, groups=3), nn.Conv2d(3, 3, 1)
        self.joined, self.reader = nn.Conv2d(3, 4, 1), nn.Conv2d(7, 2, 1)
        self.fc = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.added(self.each(x))
        return self.fc(self.reader(torch.cat([x, self.joined(x)], 1)).mean((2, 3)))


def test_the_images_keep_their_channels() -> None:
    torch.manual_seed(0)
    model, images = WithImages(), torch.rand(4, 3, 8, 8)
    assert set(Prunable.of(model, images).producers) == {"joined", "reader"}
    with torch.no_grad():
        model.joined.weight[1] = 0
        model.joined.bias[1] = 0  # type: ignore[index]
    pruned = remove_filters(model, images, FilterNorm(1), {"added": 1, "each": 1, "joined": 3})
    assert torch.equal(pruned.reader.weight, model.reader.weight[:, [0, 1, 2, 3, 5, 6]])
    assert torch.allclose(pruned(images), model(images), atol=1e-6)


@pytest.mark.parametrize("outputs", [4, 8])
def test_convolutions_of_several_groups_are_refused(outputs: int) -> None:
    grouped = nn.Conv2d(4, outputs, 1, groups=outputs // 2)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), grouped, nn.Conv2d(outputs, 2, 1), nn.Conv2d(2, 2, 1))
    with pytest.raises(UserError, match=r"pruning: expected convolutions of one group, .* found 1 of [24] g"):
        _ = Prunable.of(model, IMAGES).groups


class Joined(nn.Module):
    """Two convolutions side by side, read by a third; with `sums` a fourth is added to them."""

    def __init__(self, sums: bool) -> None:
        super().__init__()
        self.a, self.b, self.whole = nn.Conv2d(1, 4, 3), nn.Conv2d(1, 2, 3), nn.Conv2d(1, 6, 3)
        self.reader, self.sums = nn.Conv2d(6, 3, 1), sums

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.cat([self.a(x), self.b(x)], 1)
        return self.reader(both + self.whole(x) if self.sums else both)


def test_joined_channels_go_one_by_one_and_their_reader_knows() -> None:
    groups = {group.producers: group for group in Prunable.of(Joined(sums=False), IMAGES).groups}
    assert all(groups[name,].joined == groups[name,].readers == ("reader",) for name in "ab")
    with pytest.raises(UserError, match=r"influence: expected .* found reader, which reads those of ."):
        check_unjoined(groups.values(), "influence")


def test_the_right_inputs_of_a_reader_go() -> None:
    model = Joined(sums=False)

    def first_rows(network: Prunable) -> Scores:
        return {
            name: -torch.arange(len(network.weights_of(name)), dtype=torch.float64)
            for name in network.producers
        }

    pruned = remove_filters(model, IMAGES, first_rows, {"a": 3, "b": 1})
    assert torch.equal(pruned.reader.weight, model.reader.weight[:, [0, 1, 2, 4]])


def test_a_sum_with_joined_channels_is_refused() -> None:
    with pytest.raises(UserError, match=r"pruning: expected convolutions of equal width, .* whole 6"):
        _ = Prunable.of(Joined(sums=True), IMAGES).groups
