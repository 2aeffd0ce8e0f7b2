"""ResNet-50 for ImageNet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from twofold.models.resnet import Widths, convolution, shortcut

#: Channels of the 3×3 convolutions of each stack; its results have EXPANSION times as many.
WIDTHS: Widths = (64, 128, 256, 512)
EXPANSION = 4
#: Blocks of each stack.
BLOCKS = (3, 4, 6, 3)


class Bottleneck(nn.Module):
    """[N, inputs, H, W] → [N, 4 · width, ⌈H/stride⌉, ⌈W/stride⌉]: 1×1, 3×3, 1×1, the shortcut added.

    The stride is that of the 3×3 convolution, as in the networks whose accuracies are quoted today.
    """

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1, self.bn1 = convolution(inputs, width, 1), nn.BatchNorm2d(width)
        self.conv1_act = nn.ReLU()
        self.conv2, self.bn2 = convolution(width, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2_act = nn.ReLU()
        self.conv3, self.bn3 = convolution(width, outputs, 1), nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.conv2_act(self.bn2(self.conv2(self.conv1_act(self.bn1(self.conv1(x))))))
        return self.act(self.bn3(self.conv3(branch)) + self.shortcut(x))


def _blocks(inputs: int, width: int, count: int, stride: int) -> Iterator[Bottleneck]:
    yield Bottleneck(inputs, width, stride)
    for _ in range(count - 1):
        yield Bottleneck(EXPANSION * width, width)


class ResNet50(nn.Module):
    """Images [N, channels, H, W], 224×224 usually → logits [N, classes].

    A 7×7 convolution of stride 2, 3×3 max pooling of stride 2, four stacks of bottlenecks, all but the first
    of stride 2, global average pooling, a fully connected layer (He et al., arXiv 1512.03385, table 1).
    widths: of each stack; the first convolution has as many channels as the first stack is wide. blocks: of
    each stack.
    """

    def __init__(
        self,
        channels: int = 3,
        widths: Widths = WIDTHS,
        classes: int = 1000,
        blocks: Sequence[int] = BLOCKS,
    ) -> None:
        super().__init__()
        inputs = widths[0]
        self.conv1, self.bn1 = convolution(channels, inputs, 7, 2), nn.BatchNorm2d(inputs)
        self.conv1_act, self.pool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        self.stacks = nn.Sequential()
        for number, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
            stack = nn.Sequential(*_blocks(inputs, width, count, 1 if number == 1 else 2))
            self.stacks.add_module(f"stack{number}", stack)
            inputs = EXPANSION * width
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(inputs, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(self.conv1_act(self.bn1(self.conv1(images))))
        return self.fc(self.flatten(self.average(self.stacks(x))))
