"""Residual networks for small images: ResNet-8 of MLPerf Tiny and ResNet-20/32/56/110 for CIFAR."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

#: Channels of the three stacks.
Widths = tuple[int, int, int]
#: As published.
WIDTHS: Widths = (16, 32, 64)


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The identity where shapes allow, else a 1×1 convolution with batch normalisation (option B)."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(OrderedDict(conv=_conv(inputs, outputs, 1, stride), bn=nn.BatchNorm2d(outputs)))


class BasicBlock(nn.Module):
    """[N, inputs, H, W] → [N, outputs, ⌈H/stride⌉, ⌈W/stride⌉]: two 3×3 convolutions, shortcut added."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = _conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv1_act = nn.ReLU()
        self.conv2, self.bn2 = _conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.shortcut = _shortcut(inputs, outputs, stride)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        branch = self.bn2(self.conv2(self.conv1_act(self.bn1(self.conv1(x)))))
        return self.act(branch + self.shortcut(x))


def _stack(inputs: int, outputs: int, blocks: int, stride: int) -> nn.Sequential:
    rest = (BasicBlock(outputs, outputs) for _ in range(blocks - 1))
    return nn.Sequential(BasicBlock(inputs, outputs, stride), *rest)


class ResNet(nn.Module):
    """Images [N, channels, H, W], H and W at least 4 → logits [N, classes]; 6 · blocks + 2 layers deep.

    A 3×3 convolution, three stacks of `blocks` residual blocks, the second and third of stride 2, global
    average pooling, a fully connected layer (He et al., "Deep Residual Learning for Image Recognition",
    arXiv 1512.03385, section 4.2, with the 1×1 shortcuts of its option B). One block a stack is the
    ResNet-8 of MLPerf Tiny (Banbury et al., arXiv 2106.07597). widths: channels of each stack.
    """

    def __init__(
        self,
        blocks: int,
        channels: int = 3,
        widths: Widths = WIDTHS,
        classes: int = 10,
    ) -> None:
        super().__init__()
        narrow, middle, wide = widths
        self.conv1, self.bn1, self.conv1_act = _conv(channels, narrow, 3), nn.BatchNorm2d(narrow), nn.ReLU()
        self.stack1 = _stack(narrow, narrow, blocks, 1)
        self.stack2 = _stack(narrow, middle, blocks, 2)
        self.stack3 = _stack(middle, wide, blocks, 2)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(wide, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1_act(self.bn1(self.conv1(images)))
        x = self.stack3(self.stack2(self.stack1(x)))
        return self.fc(self.flatten(self.average(x)))
