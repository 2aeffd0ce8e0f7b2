"""A small CNN without batch normalisation, for MNIST and CIFAR-10."""

from __future__ import annotations

from torch import Tensor, nn

#: Filters of the two convolutions.
WIDTHS = (32, 64)


class SmallCnn(nn.Module):
    """Images [N, channels, size, size] → logits [N, classes].

    Two 3×3 convolutions without padding, each with ReLU and 2×2 max pooling, half of the values dropped in
    training, a fully connected layer (Pertsau, Lukashevich, Kupryianava, "Compressing a convolution neural
    network based on quantization"). size: height and width of the images, at least 10.
    """

    def __init__(
        self, channels: int = 1, size: int = 28, widths: tuple[int, int] = WIDTHS, classes: int = 10
    ) -> None:
        super().__init__()
        narrow, wide = widths
        self.conv1, self.conv1_act, self.pool1 = nn.Conv2d(channels, narrow, 3), nn.ReLU(), nn.MaxPool2d(2)
        self.conv2, self.conv2_act, self.pool2 = nn.Conv2d(narrow, wide, 3), nn.ReLU(), nn.MaxPool2d(2)
        self.flatten, self.dropout = nn.Flatten(), nn.Dropout(0.5)
        self.fc = nn.Linear(wide * (((size - 2) // 2 - 2) // 2) ** 2, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool1(self.conv1_act(self.conv1(images)))
        x = self.pool2(self.conv2_act(self.conv2(x)))
        return self.fc(self.dropout(self.flatten(x)))
