"""Random networks of Brevitas and of ONNX Runtime's quantiser: imported and exact, or refused, none wrong.

A few by default; TWOFOLD_RANDOM_NETWORKS=20 in the environment asks for that many and prints the counts.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import numpy as np
import onnxruntime.quantization as ort_quantization
import pytest
import torch
from brevitas.export import export_onnx_qcdq, export_qonnx
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
    Uint8ActPerTensorFixedPoint,
    Uint8ActPerTensorFloat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from twofold.errors import UserError
from twofold.golden.compare import Status, compare
from twofold.golden.execute import execute, execute_on
from twofold.qonnx.executor import run_executor
from twofold.qonnx.importer.load import import_file

DEFAULT = "6"
NETWORKS = int(os.environ.get("TWOFOLD_RANDOM_NETWORKS", DEFAULT))
SIZE = 8


@dataclass(frozen=True)
class Spec:
    """exporter: qonnx and qcdq are Brevitas's, qdq ONNX Runtime's. free: scales that are no powers of two."""

    exporter: str
    widths: tuple[int, ...]
    kernel: int
    weight_bits: int
    bits: int
    free: bool
    per_channel: bool
    residual: bool
    normalised: bool
    pool: str
    seed: int


SPECS = st.builds(
    Spec,
    exporter=st.sampled_from(["qonnx", "qonnx", "qcdq", "qdq"]),
    widths=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    kernel=st.sampled_from([1, 3]),
    weight_bits=st.integers(2, 8),
    bits=st.integers(2, 8),
    free=st.booleans(),
    per_channel=st.booleans(),
    residual=st.booleans(),
    normalised=st.booleans(),
    pool=st.sampled_from(["none", "max", "average"]),
    seed=st.integers(0, 1 << 16),
)


class Plain:
    """Float layers, for ONNX Runtime's quantiser."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def conv(self, inputs: int, outputs: int) -> nn.Module:
        return nn.Conv2d(inputs, outputs, self.spec.kernel, padding=self.spec.kernel // 2)

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        return nn.Linear(inputs, outputs)

    def relu(self) -> nn.Module:
        return nn.ReLU()

    def identity(self) -> nn.Module:
        return nn.Identity()


class Quantised(Plain):
    """Brevitas's layers."""

    @property
    def _weights(self) -> dict[str, Any]:
        quant = Int8WeightPerTensorFloat if self.spec.free else Int8WeightPerTensorFixedPoint
        return {
            "weight_quant": quant,
            "weight_bit_width": self.spec.weight_bits,
            "weight_scaling_per_output_channel": self.spec.per_channel,
        }

    def conv(self, inputs: int, outputs: int) -> nn.Module:
        padding = self.spec.kernel // 2
        return qnn.QuantConv2d(
            inputs, outputs, self.spec.kernel, padding=padding, bias=False, **self._weights
        )

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        weights = self._weights | {"weight_scaling_per_output_channel": False}
        return qnn.QuantLinear(inputs, outputs, bias=False, **weights)

    def relu(self) -> nn.Module:
        quant = Uint8ActPerTensorFloat if self.spec.free else Uint8ActPerTensorFixedPoint
        return qnn.QuantReLU(act_quant=quant, bit_width=self.spec.bits)

    def identity(self) -> nn.Module:
        quant = Int8ActPerTensorFloat if self.spec.free else Int8ActPerTensorFixedPoint
        return qnn.QuantIdentity(act_quant=quant, bit_width=8)


class Drawn(nn.Module):
    """Convolutions, each with or without a residual addition, then a pool and a linear layer."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        layers = Plain(spec) if spec.exporter == "qdq" else Quantised(spec)
        self.spec = spec
        self.first = layers.identity()
        widths = (2, *spec.widths)
        self.convs = nn.ModuleList(map(layers.conv, widths, widths[1:]))
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(w) if spec.normalised else nn.Identity() for w in widths[1:]
        )
        self.branches = nn.ModuleList(layers.identity() for _ in widths[1:])
        self.acts = nn.ModuleList(layers.relu() for _ in widths[1:])
        self.last = layers.identity()
        pixels = {"none": SIZE * SIZE, "max": SIZE * SIZE // 4, "average": 1}[spec.pool]
        self.fc = layers.linear(widths[-1] * pixels, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for conv, norm, branch, act in zip(self.convs, self.norms, self.branches, self.acts, strict=True):
            y = norm(conv(x))
            if self.spec.residual and y.shape == x.shape:
                y = branch(y) + x
            x = act(y)
        if self.spec.pool == "max":
            x = nn.functional.max_pool2d(x, 2)
        elif self.spec.pool == "average":
            x = self.last(nn.functional.avg_pool2d(x, SIZE))
        return self.fc(torch.flatten(x, 1))


def exported(spec: Spec, folder: Path) -> Path:
    torch.manual_seed(spec.seed)
    model, path = Drawn(spec), folder / f"{spec.exporter}.onnx"
    with torch.no_grad():
        model.train()
        for _ in range(3):
            model(torch.rand(8, 2, SIZE, SIZE) * 2 - 0.5)
    model.eval()
    image = torch.rand(1, 2, SIZE, SIZE)
    if spec.exporter == "qonnx":
        export_qonnx(model, args=image, export_path=str(path), dynamo=False)
    elif spec.exporter == "qcdq":
        export_onnx_qcdq(model, args=image, export_path=str(path), dynamo=False)
    else:
        _export_qdq(model, image, path, spec.per_channel)
    return path


class _Images(ort_quantization.CalibrationDataReader):
    def __init__(self) -> None:
        images = torch.rand(8, 1, 2, SIZE, SIZE) * 2 - 0.5
        self._images = iter([{"images": image.numpy()} for image in images])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._images, None)


def _export_qdq(model: nn.Module, image: Tensor, path: Path, per_channel: bool) -> None:
    plain = path.with_name("float.onnx")
    torch.onnx.export(model, (image,), str(plain), input_names=["images"], dynamo=False, opset_version=13)
    ort_quantization.quantize_static(
        str(plain),
        str(path),
        _Images(),
        quant_format=ort_quantization.QuantFormat.QDQ,
        per_channel=per_channel,
    )


def outcome(path: Path, seed: int) -> str:
    """exact, wrong, or why it is refused, the names aside."""
    try:
        imported = import_file(path)
    except UserError as error:
        within = approximate(path, seed)
        return f"refused: {str(error).split(': found')[0].rsplit(': ', 1)[-1].split(' ')[0]}, {within}"
    network, reader = imported.network, imported.reader
    codes = np.random.default_rng(seed).choice(reader.codes, (6, *network.input.shape))
    found = run_executor(path, network, codes, reader.images_of(codes), imported.views)
    golden = execute(network, codes)
    assert network.output_name in found
    same = all(np.array_equal(golden[name], values) for name, values in found.items())
    return "exact" if same else "wrong"


def approximate(path: Path, seed: int) -> str:
    """What becomes of a refused network with bounds, which each layer keeps on the executor's integers."""
    try:
        imported = import_file(path, approximate=True)
    except UserError:
        return "refused with bounds, too"
    network, reader = imported.network, imported.reader
    codes = np.random.default_rng(seed).choice(reader.codes, (6, *network.input.shape))
    found = run_executor(path, network, codes, reader.images_of(codes), imported.views)
    golden = execute_on(network, codes, found)
    check = compare("drawn", ("golden", golden), ("qonnx", found), (network.output_name,), imported.bounds)
    assert check.status is Status.PASS, check.detail
    return f"within ±{max(imported.bounds.values())}"


def test_random_networks_are_exact_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[tuple[str, str]] = []

    @settings(
        max_examples=NETWORKS, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(SPECS)
    def draw(spec: Spec) -> None:
        found = outcome(exported(spec, tmp_path), spec.seed)
        outcomes.append((spec.exporter, found))
        assert found != "wrong", spec

    draw()
    with capsys.disabled():
        if str(NETWORKS) != DEFAULT:
            for key, count in sorted(Counter(outcomes).items()):
                print(count, *key)
    assert len(outcomes) >= NETWORKS
    assert any(found == "exact" for _, found in outcomes)
