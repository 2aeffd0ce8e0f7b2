"""Residual networks for small images: ResNet-8 of MLPerf Tiny, ResNet-18/20/32/56/110 for CIFAR."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

#: Channels of each stack.
Widths = tuple[int, ...]
#: As published, of ResNet-8/20/32/56/110 and of ResNet-18.
WIDTHS: Widths = (16, 32, 64)
WIDTHS_18: Widths = (64, 128, 256, 512)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The identity where shapes allow, else a 1×1 convolution with batch normalisation (option B)."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(
        OrderedDict(conv=convolution(inputs, outputs, 1, stride), bn=nn.BatchNorm2d(outputs))
    )


class BasicBlock(nn.Module):
    """[N, inputs, H, W] → [N, outputs, ⌈H/stride⌉, ⌈W/stride⌉]: two 3×3 convolutions, shortcut added."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv1_act = nn.ReLU()
        self.conv2, self.bn2 = convolution(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs, stride)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.bn2(self.conv2(self.conv1_act(self.bn1(self.conv1(x)))))
        return self.act(branch + self.shortcut(x))


def _stack(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (BasicBlock(outputs, outputs) for _ in range(blocks - 1))
    return nn.Sequential(BasicBlock(inputs, outputs, stride), *rest)


class ResNet(nn.Module):
    """Images [N, channels, H, W] → logits [N, classes]; 2 · blocks · stacks + 2 layers deep.

    A 3×3 convolution, a stack of `blocks` residual blocks for each of `widths`, all but the first stack of
    stride 2, global average pooling, a fully connected layer (He et al., "Deep Residual Learning for Image
    Recognition", arXiv 1512.03385, section 4.2, with the 1×1 shortcuts of its option B). One block in each
    of three stacks is the ResNet-8 of MLPerf Tiny (Banbury et al., arXiv 2106.07597); two in each of the
    four of WIDTHS_18 are the ResNet-18 usual for images of 32×32. widths: channels of each stack. H and W:
    at least 2^(stacks − 1).
    """

    def __init__(
        self,
        blocks: int,
        channels: int = 3,
        widths: Widths = WIDTHS,
        classes: int = 10,
    ) -> None:
        super().__init__()
        first = widths[0]
        self.conv1, self.bn1, self.conv1_act = (
            convolution(channels, first, 3),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        )
        self._stacks = [f"stack{number}" for number in range(1, len(widths) + 1)]
        for name, inputs, outputs in zip(self._stacks, (first, *widths), widths, strict=False):
            self.add_module(name, _stack(inputs, outputs, blocks, 1 if name == self._stacks[0] else 2))
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1_act(self.bn1(self.conv1(images)))
        for name in self._stacks:
            x = self.get_submodule(name)(x)
        return self.fc(self.flatten(self.average(x)))
