"""VGG-16 for CIFAR."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

#: Channels of the thirteen convolutions, by group; 2×2 max pooling ends a group.
WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
HIDDEN = 512


def _layers(channels: int, widths: Sequence[Sequence[int]]) -> Iterator[tuple[str, nn.Module]]:
    inputs = channels
    for group, group_widths in enumerate(widths, 1):
        for place, outputs in enumerate(group_widths, 1):
            conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            yield f"conv{group}_{place}", conv
            yield f"bn{group}_{place}", nn.BatchNorm2d(outputs)
            yield f"conv{group}_{place}_act", nn.ReLU()
            inputs = outputs
        yield f"pool{group}", nn.MaxPool2d(2)


class Vgg16(nn.Module):
    """Images [N, channels, 32, 32] → logits [N, classes].

    Thirteen 3×3 convolutions with batch normalisation in five groups, each ended by max pooling, then two
    fully connected layers, the first of `hidden` units (Simonyan and Zisserman, arXiv 1409.1556,
    configuration D, with the classifier usual for images of 32×32). widths: channels by group.
    """

    def __init__(
        self,
        channels: int = 3,
        widths: Sequence[Sequence[int]] = WIDTHS,
        hidden: int = HIDDEN,
        classes: int = 10,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for name, layer in _layers(channels, widths):
            self.features.add_module(name, layer)
        self.flatten = nn.Flatten()
        self.fc1, self.fc1_act = nn.Linear(widths[-1][-1], hidden), nn.ReLU()
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc2(self.fc1_act(self.fc1(self.flatten(self.features(images)))))
