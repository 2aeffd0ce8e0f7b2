"""Figures that others have published, to be put beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twofold.tables.compression import Compression

PAPER = "Integrating Pruning with Quantization for Efficient DNN Compression"
#: 30% of the filters pruned, 4-bit APoT weights and activations, first and last layer 8 bit.
COMPRESSION: Mapping[str, Compression] = {
    "ResNet-20": Compression(1.08, 15.78, 115.85),
    "ResNet-32": Compression(1.86, 15.84, 118.18),
    "ResNet-56": Compression(3.41, 15.89, 119.88),
    "ResNet-110": Compression(6.89, 15.94, 120.95),
    "VGG-16": Compression(59.91, 15.95, 126.24),
}


IMAGENET_SOURCE = (
    "Improving the Performance and Efficiency of Convolutional Neural Networks (CNNs) on Image "
    "Classification Tasks via Fixed-Point Quantization and Structured Pruning"
)
#: ResNet-50 on ImageNet: variant → top-1 in percent, MB; pruned by 50%.
ORDERS: Mapping[str, tuple[float, float]] = {
    "float": (76.4, 98),
    "INT8": (74.8, 25),
    "pruned": (74.0, 49),
    "pruned, then INT8": (74.5, 25),
    "INT8, then pruned": (73.0, 30),
}


@dataclass(frozen=True)
class Column:
    """A way to make a network. recipes: what our results of it are called; none if there is none of ours."""

    label: str
    recipes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccuracyTable:
    """Top-1 in percent.

    rows: network → a figure a column, None where the source has none.
    """

    title: str
    source: str
    dataset: str
    columns: tuple[Column, ...]
    rows: Mapping[str, tuple[float | None, ...]]


_FLOAT = Column(
    "float", ("cifar10_float", "cifar10_float_taught", "cifar10_float_brief", "cifar10_float_two_epochs")
)
_STUDY = "A Study on Model Pruning and Quantization Algorithms"

ACCURACY: tuple[AccuracyTable, ...] = (
    AccuracyTable(
        "Pruned by 30%, APoT of 4 bits, CIFAR-10",
        PAPER,
        "cifar10",
        (_FLOAT, Column("PPQ 4/4", ("ppq",)), Column("SPQ 4/4", ("spq",))),
        {
            "ResNet-20": (92.61, 91.84, 90.47),
            "ResNet-32": (93.08, 92.96, 91.59),
            "ResNet-56": (94.30, 93.99, 92.09),
            "ResNet-110": (94.50, 94.56, 92.59),
            "VGG-16": (94.05, 93.46, 93.81),
        },
    ),
    AccuracyTable(
        "APoT, nothing pruned, edges in float, CIFAR-10",
        "Additive Powers-of-Two Quantization, its authors' repository",
        "cifar10",
        (_FLOAT, Column("4 bit", ("apot_w4_uniform_a4",)), Column("3 bit"), Column("2 bit")),
        {"ResNet-20": (92.96, 92.45, 92.49, 90.96), "ResNet-56": (94.46, 93.93, 93.77, 93.05)},
    ),
    AccuracyTable(
        "MLPerf Tiny v1.1, INT8, CIFAR-10",
        "fpgaConvNet's submission",
        "cifar10",
        (
            _FLOAT,
            Column("INT8", ("cifar10_int8",)),
            Column("4 bit, edges 8", ("apot_w4_uniform_a4",)),
        ),
        {"ResNet-8": (None, 86.0, None)},
    ),
    *(
        AccuracyTable(
            f"Small CNN of two convolutions, 15 epochs, {printed}",
            "Compressing a convolution neural network based on quantization",
            dataset,
            (
                Column("float", ("small_cnn_float",)),
                Column("quantised from scratch", ("small_cnn_scratch",)),
                Column("from trained weights", ("small_cnn_trained",)),
                Column("dense layer only", ("small_cnn_dense",)),
                Column("convolutions only", ("small_cnn_conv",)),
            ),
            {"small CNN": figures},
        )
        for printed, dataset, figures in (
            ("MNIST", "mnist", (98.69, 83.43, 98.95, 98.85, 98.77)),
            ("CIFAR-10", "cifar10", (61.38, 10.06, 64.63, 65.03, 65.95)),
        )
    ),
    AccuracyTable(
        "Weights pruned one by one by magnitude, CIFAR-10",
        _STUDY,
        "cifar10",
        tuple(Column(f"{share}%") for share in (0, 10, 30, 50, 70, 90)),
        {
            "VGG-16": (90.87, 90.9, 90.66, 90.22, 85.51, 10.0),
            "ResNet-18": (94.12, 94.19, 94.03, 93.0, 82.65, 9.96),
        },
    ),
    AccuracyTable(
        "Post-training quantisation to INT8, CIFAR-10",
        _STUDY,
        "cifar10",
        (_FLOAT, Column("static", ("ptq_static",)), Column("dynamic", ("ptq_dynamic",))),
        {"VGG-16": (91.22, 90.99, 91.25), "ResNet-18": (94.15, 93.94, 94.63)},
    ),
    AccuracyTable(
        "Pruned by 50% and quantised to INT8, ImageNet",
        IMAGENET_SOURCE,
        "imagenet",
        (
            Column("float"),
            Column("INT8"),
            Column("pruned"),
            Column("pruned, then INT8"),
            Column("INT8, then pruned"),
        ),
        {"ResNet-50": tuple(top1 for top1, _ in ORDERS.values())},
    ),
)
