"""Training speed of float, Brevitas INT8, ours, and APoT as published, in turns within one run."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import brevitas.nn as qnn
import torch
from brevitas.quant import Int8ActPerTensorFixedPoint, Uint8ActPerTensorFixedPoint
from torch import Tensor, nn

from twofold.files import write_atomically
from twofold.models.catalogue import NAMES, drawn
from twofold.quant.apot import ApotActivationQuant, ApotWeightQuant
from twofold.quant.convert import quantise
from twofold.quant.integer import STATISTICS_BATCHES
from twofold.quant.recipe import Apot, Int
from twofold.train.compiled import Eager, Forward
from twofold.train.compute import Compute
from twofold.train.objective import Objective
from twofold.train.published_apot import PublishedApotQuant, Search, by_bucketize, by_distances
from twofold.train.settings import Sgd

OUT = Path("build/bench/train.json")
PEER = "Brevitas INT8"
_IMAGE = (3, 32, 32)
_CLASSES = 10
_MANY_BATCHES = 1_000_000
_MAX_NORM = 5.0


@dataclass(frozen=True)
class TrainRow:
    """images_per_second: median over the rounds; ratio: to the peer's of the same round, median too."""

    kind: str
    network: str
    batch: int
    compiled: bool
    images_per_second: float
    ratio: float


@dataclass
class Contestant:
    """A network that is trained batch by batch. rates: images a second of each round."""

    model: nn.Module
    forward: Forward
    compute: Compute
    optimiser: torch.optim.Optimizer
    rates: list[float] = field(default_factory=list)

    def step(self, images: Tensor, labels: Tensor) -> None:
        """One batch as the training loop does it."""
        with self.compute.autocast():
            loss = Objective()(self.forward(images).float(), labels, images)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), _MAX_NORM)
        self.optimiser.step()

    def round(self, images: Tensor, labels: Tensor, steps: int) -> None:
        start = time.perf_counter()
        for _ in range(steps):
            self.step(images, labels)
        self.rates.append(steps * len(images) / (time.perf_counter() - start))


def float_network(network: nn.Module, example: Tensor) -> nn.Module:
    return network


def brevitas_int8(network: nn.Module, example: Tensor) -> nn.Module:
    """INT8 weights and activations with Brevitas's own quantisers throughout."""
    model = quantise(network, Int(8), example)
    for name, module in list(model.named_modules()):
        if isinstance(module, qnn.QuantIdentity):
            stock = Int8ActPerTensorFixedPoint if module.act_quant.is_signed else Uint8ActPerTensorFixedPoint
            injector = stock.let(collect_stats_steps=STATISTICS_BATCHES)
            model.set_submodule(name, qnn.QuantIdentity(act_quant=injector, return_quant_tensor=False))
    with torch.no_grad():
        for _ in range(STATISTICS_BATCHES + 1):
            model.train()(example)
    return model


def int8(network: nn.Module, example: Tensor) -> nn.Module:
    return quantise(network, Int(8), example)


def apot(network: nn.Module, example: Tensor) -> nn.Module:
    return quantise(network, Apot(4, 4), example)


def published_apot(search: Search, network: nn.Module, example: Tensor) -> nn.Module:
    """Our network with the authors' layers, which find the nearest level by `search`."""
    model = quantise(network, Apot(4, 4), example)
    for name, module in list(model.named_modules()):
        if isinstance(module, ApotWeightQuant | ApotActivationQuant):
            model.set_submodule(name, PublishedApotQuant(module, search))
    return model


Builder = Callable[[nn.Module, Tensor], nn.Module]
KINDS: Mapping[str, Builder] = {
    PEER: brevitas_int8,
    "float": float_network,
    "INT8": int8,
    "APoT 4/4": apot,
    "APoT 4/4, bucketize": partial(published_apot, by_bucketize),
    "APoT 4/4, published": partial(published_apot, by_distances),
}
#: Trained as their own code trains: layer by layer.
NEVER_COMPILED = ("APoT 4/4, bucketize", "APoT 4/4, published")


def contestant(kind: str, network: str, images: Tensor, compute: Compute) -> Contestant:
    """images: a batch [N, C, H, W]; it calibrates the scales too."""
    model = KINDS[kind](drawn(network, _CLASSES, images.shape[1], 0), images)
    compute.place(model.train())
    compiles = kind not in NEVER_COMPILED
    forward = compute.forward(model, len(images), _MANY_BATCHES) if compiles else Eager(model)
    return Contestant(model, forward, compute, Sgd(0.01).build(model.parameters()))


def measure(
    network: str, kinds: Sequence[str], batch: int, steps: int, rounds: int, compute: Compute
) -> list[TrainRow]:
    """One row a kind, and one of the peer first; every round gives each kind `steps` batches in turn."""
    torch.manual_seed(0)
    shown, labels = torch.rand(batch, *_IMAGE), torch.randint(0, _CLASSES, (batch,))
    chosen = dict.fromkeys((PEER, *kinds))
    contestants = {kind: contestant(kind, network, shown, compute) for kind in chosen}
    images = shown.to(compute.device).contiguous(memory_format=compute.layout)
    labels = labels.to(compute.device)
    for other in contestants.values():
        for _ in range(STATISTICS_BATCHES):
            other.step(images, labels)
    for _ in range(rounds):
        for other in contestants.values():
            other.round(images, labels, steps)
    return [row(kind, network, batch, other, contestants[PEER]) for kind, other in contestants.items()]


def row(kind: str, network: str, batch: int, one: Contestant, peer: Contestant) -> TrainRow:
    compiled = not isinstance(one.forward, Eager) and not one.forward.reason
    ratios = [own / other for own, other in zip(one.rates, peer.rates, strict=True)]
    return TrainRow(kind, network, batch, compiled, round(median(one.rates), 1), round(median(ratios), 3))


def table(rows: Sequence[TrainRow]) -> str:
    """One line a row, in columns."""
    lines = [f"{'kind':<22}{'network':<10}{'batch':>6}{'compiled':>10}{'images/s':>10}{'ratio':>8}"]
    lines += [
        f"{r.kind:<22}{r.network:<10}{r.batch:>6}{'yes' if r.compiled else 'no':>10}"
        f"{r.images_per_second:>10.1f}{r.ratio:>8.2f}"
        for r in rows
    ]
    return "\n".join([*lines, f"ratio: to {PEER} in the same round"])


def _arguments(given: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NAMES, default="resnet8")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="of a row; may be repeated")
    parser.add_argument("--batch", type=int, default=128, help="images")
    parser.add_argument("--steps", type=int, default=4, help="batches a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--eager", action="store_true", help="compile nothing")
    parser.add_argument("--out", type=Path, default=OUT, help="file for the rows")
    return parser.parse_args(given)


def main(arguments: Sequence[str] | None = None) -> None:
    given = _arguments(arguments)
    torch.set_num_threads(given.threads)
    compute = Compute.for_images(_IMAGE)
    compute = replace(compute, compile=False) if given.eager else compute
    rows = measure(given.network, given.kind or list(KINDS), given.batch, given.steps, given.rounds, compute)
    settings = {"threads": given.threads, "dtype": str(compute.dtype), "device": compute.device}
    document = [asdict(row) | settings for row in rows]
    write_atomically(given.out, json.dumps(document, indent=1) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
