"""What to write in place of a layer that cannot be quantised."""

from __future__ import annotations

from collections.abc import Mapping

FLATTEN = "write torch.flatten(x, 1)"
_RECTIFY = "write ReLU and train anew; what its quantiser clips at is learned"
_SQUASH = "between layers write ReLU and train anew; behind the last one leave it to the host"
_LOGITS = (
    "leave it out and return the logits, of which the largest is the same class; CrossEntropyLoss takes them"
)
_SCALE = (
    "with a constant, do it to the images beforehand, or leave it to batch normalisation; of two tensors "
    "there are sums alone"
)
_NORMALISE = "write BatchNorm2d right after a convolution, BatchNorm1d right after a Linear"
_ONE_ROW = "write Conv2d and its like with kernels (1, K), for images [N, C, 1, L]"
_SIZES = f"{FLATTEN}, adaptive_avg_pool2d(x, 1), or sizes in numbers"
_IN_ORDER = "give the network images [N, C, H, W]; maps keep that order until they are flattened"
_PARTS = "let a layer of its own make each part"
_GREATEST = "write max_pool2d with the map's size as its kernel"
_MODULE = "make it a module of the network, nn.Conv2d, nn.Linear or nn.BatchNorm2d"

_INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("LeakyReLU", "leaky_relu", "PReLU", "RReLU", "ELU", "elu", "CELU", "SELU"), _RECTIFY),
    **dict.fromkeys(("GELU", "gelu", "SiLU", "silu", "Mish", "mish", "Hardswish", "hardswish"), _RECTIFY),
    **dict.fromkeys(("Softplus", "softplus", "Hardtanh", "hardtanh", "clamp", "Threshold"), _RECTIFY),
    **dict.fromkeys(("Sigmoid", "sigmoid", "Tanh", "tanh", "Hardsigmoid", "hardsigmoid"), _SQUASH),
    **dict.fromkeys(("Softmax", "softmax", "LogSoftmax", "log_softmax"), _LOGITS),
    **dict.fromkeys(("view", "reshape", "squeeze"), f"{FLATTEN}; a map cannot be given another shape"),
    **dict.fromkeys(("size", "getattr"), _SIZES),
    **dict.fromkeys(("sub", "mul", "truediv"), _SCALE),
    **dict.fromkeys(("LayerNorm", "GroupNorm", "InstanceNorm2d", "LocalResponseNorm"), _NORMALISE),
    **dict.fromkeys(("Conv1d", "MaxPool1d", "AvgPool1d", "AdaptiveAvgPool1d"), _ONE_ROW),
    **dict.fromkeys(("ZeroPad2d", "pad"), "give the padding to the convolution, padding=1"),
    **dict.fromkeys(("permute", "transpose", "unsqueeze"), _IN_ORDER),
    **dict.fromkeys(("getitem", "chunk", "split"), _PARTS),
    **dict.fromkeys(("AdaptiveMaxPool2d", "adaptive_max_pool2d", "amax", "max"), _GREATEST),
    **dict.fromkeys(("conv2d", "linear", "batch_norm"), _MODULE),
    "ConvTranspose2d": "write Upsample(scale_factor=2) and Conv2d",
}
"""Name of a module's class or of an operation → what to do without it."""


def instead_of(kind: str) -> str:
    """What to write instead, begun with a semicolon; "" where nothing is known."""
    return f"; {_INSTEAD[kind]}" if kind in _INSTEAD else ""
