"""The demo network: a small residual CNN with every kind of layer that the engine runs."""

from __future__ import annotations

from torch import Tensor, nn


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class DemoNet(nn.Module):
    """Images [N, channels, H, W], H and W at least 4 → logits [N, classes].

    A 3×3 convolution, a residual block of two, max pooling by 2, a 3×3 convolution of stride 2 with a
    1×1 shortcut, global average pooling, a fully connected layer. widths: channels before and after
    the stride.
    """

    def __init__(self, channels: int = 1, widths: tuple[int, int] = (16, 32), classes: int = 10) -> None:
        super().__init__()
        narrow, wide = widths
        self.conv1, self.bn1, self.conv1_act = _conv(channels, narrow, 3), nn.BatchNorm2d(narrow), nn.ReLU()
        self.conv2, self.bn2, self.conv2_act = _conv(narrow, narrow, 3), nn.BatchNorm2d(narrow), nn.ReLU()
        self.conv3, self.bn3 = _conv(narrow, narrow, 3), nn.BatchNorm2d(narrow)
        self.block_act = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.conv4, self.bn4 = _conv(narrow, wide, 3, 2), nn.BatchNorm2d(wide)
        self.shortcut, self.shortcut_bn = _conv(narrow, wide, 1, 2), nn.BatchNorm2d(wide)
        self.down_act = nn.ReLU()
        self.average = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(wide, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv1_act(self.bn1(self.conv1(images)))
        branch = self.bn3(self.conv3(self.conv2_act(self.bn2(self.conv2(x)))))
        x = self.pool(self.block_act(branch + x))
        x = self.down_act(self.bn4(self.conv4(x)) + self.shortcut_bn(self.shortcut(x)))
        return self.fc(self.flatten(self.average(x)))
