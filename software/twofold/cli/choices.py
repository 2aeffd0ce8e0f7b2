"""The words that options accept, and options of several verbs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


def _model(text: str) -> Path:
    from twofold.models.shipped import model_file

    return model_file(text)


Model = Annotated[
    Path,
    typer.Argument(
        help="A model in QONNX, the folder of a run that has one, or the name of one in twofold models.",
        parser=_model,
        metavar="MODEL",
    ),
]
Approximate = Annotated[
    bool,
    typer.Option("--approximate", help="Accept codes that float32 may round otherwise, with a proven bound."),
]


def seed_option(help: str) -> Any:
    """`--seed`, within what every random generator takes. help: what it is the seed of."""
    return typer.Option("--seed", min=0, max=2**32 - 1, help=help)


class Network(StrEnum):
    """What `twofold train` trains."""

    DEMO = "demo"
    RESNET8 = "resnet8"
    RESNET20 = "resnet20"
    RESNET32 = "resnet32"
    RESNET56 = "resnet56"
    RESNET110 = "resnet110"
    VGG16 = "vgg16"
    SMALL_CNN = "small_cnn"
    RESNET18 = "resnet18"
    RESNET50 = "resnet50"


class DataSet(StrEnum):
    """digits comes with scikit-learn; arrays are the user's own, of numpy.savez; the others are read from a
    folder in their official layout."""

    DIGITS = "digits"
    MNIST = "mnist"
    FASHION_MNIST = "fashion-mnist"
    CIFAR10 = "cifar10"
    ARRAYS = "arrays"


DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data-folder", help="Where the files are; digits needs none, and of arrays it is the .npz file."
    ),
]
FloatRun = Annotated[
    Path, typer.Argument(help="The folder of a training run, whose float network is pruned.")
]
RunNetwork = Annotated[
    str | None,
    typer.Option(
        "--network",
        metavar="NAME",
        help="What the run trained; needed for a network of your own, FILE.py:NAME, others are recognised.",
    ),
]
TrainedOn = Annotated[DataSet, typer.Option("--data", help="What it was trained on.")]


EngineFps = Annotated[
    float | None,
    typer.Option("--target-fps", help="Of the engine that build writes with this target; as of build."),
]


class Candidate(StrEnum):
    """What a model can be executed by."""

    GOLDEN = "golden"
    QONNX = "qonnx"
    HLS = "hls"
    RTL = "rtl"


class HlsFlow(StrEnum):
    """hls4ml's backends, and Vitis's core behind a kernel of ours."""

    VITIS = "Vitis"
    VIVADO = "Vivado"
    VIVADO_ACCELERATOR = "VivadoAccelerator"
    KERNEL = "Kernel"


class HlsIo(StrEnum):
    """How tensors move between the layers of an HLS project."""

    STREAM = "io_stream"
    PARALLEL = "io_parallel"


class HlsStrategy(StrEnum):
    """How the layers of an HLS project multiply."""

    BUDGET = "budget"
    LATENCY = "latency"
    RESOURCE = "resource"
    DISTRIBUTED_ARITHMETIC = "distributed_arithmetic"


class Backend(StrEnum):
    """The two roads to an FPGA."""

    RTL = "rtl"
    HLS = "hls"


class PruningCriterion(StrEnum):
    """What says which filters go; the words of `twofold.prune.criteria.named.CriterionName`."""

    GEOMETRIC_MEDIAN = "geometric-median"
    L1 = "l1"
    L2 = "l2"
    BATCH_NORM_SCALE = "batch-norm-scale"
    TAYLOR = "taylor"
    GLOBAL_LOCAL = "global-local"
    INFLUENCE = "influence"
