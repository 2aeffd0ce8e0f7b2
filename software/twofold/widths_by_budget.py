"""Widths of a trained network's layers for a budget, as a recipe."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from twofold.boards.board_file import load_board
from twofold.boards.choose import budget, engines, fastest, fitting
from twofold.data.dataset import Dataset
from twofold.errors import UserError
from twofold.files import write_atomically
from twofold.mixed.choose import first_within, narrowing_path
from twofold.mixed.costs import Costs, Widths
from twofold.mixed.sensitivity import Losses, quantised_base, sensitivities
from twofold.progress import SILENT, Progress
from twofold.qonnx.export import export
from twofold.qonnx.freeze import freeze
from twofold.qonnx.importer.load import import_model
from twofold.quant.convert import quantise
from twofold.quant.recipe import EDGE_BITS, ByLayer, Int
from twofold.train.recipe_file import recipe_named

IMAGES = 256
LEAST_BITS = 2


@dataclass(frozen=True)
class Smaller:
    """Weights of so many times fewer bits than in float32."""

    times: float

    def __str__(self) -> str:
        return f"weights {self.times:g} times smaller"


@dataclass(frozen=True)
class FewerBops:
    """So many times fewer bit operations than in float32."""

    times: float

    def __str__(self) -> str:
        return f"{self.times:g} times fewer bit operations"


@dataclass(frozen=True)
class Cycles:
    """At most so many predicted cycles a frame on the fastest engine that fits a board."""

    count: int
    board: str

    def __str__(self) -> str:
        return f"{self.count:,} cycles a frame on {self.board}"


Limit = Smaller | FewerBops | Cycles


@dataclass(frozen=True)
class Choice:
    """widths: of every layer with weights and every ReLU; losses: what each width of each alone loses.

    cycles: of a budget of cycles.
    """

    widths: Widths
    losses: Losses
    times_smaller: float
    times_fewer_bops: float
    cycles: int | None = None

    @property
    def loss(self) -> float:
        """The sum of the chosen widths' losses."""
        return sum(self.losses[name][width] for name, width in self.widths.items())

    def as_json(self) -> dict[str, Any]:
        return {
            "widths": dict(self.widths),
            "losses": {name: dict(by_width) for name, by_width in self.losses.items()},
            "loss": self.loss,
            "times_smaller": self.times_smaller,
            "times_fewer_bops": self.times_fewer_bops,
            "cycles": self.cycles,
        }


def choose_widths(
    network: nn.Module,
    dataset: Dataset,
    limit: Limit,
    least: int = LEAST_BITS,
    images: int = IMAGES,
    progress: Progress = SILENT,
) -> Choice:
    """Measures each layer of a float network on validation images, then narrows until `limit` is met.

    network: trained on `dataset`; least: bits, 2 to 7. Raises UserError for a `least` out of range, and for a
    limit that cannot be met.
    """
    if not LEAST_BITS <= least < EDGE_BITS:
        raise UserError(f"least: expected {LEAST_BITS} to {EDGE_BITS - 1} bits, got {least}")
    seen = dataset.validation.take(slice(images)).real
    base = quantised_base(network, seen)
    losses = sensitivities(network, base, seen, range(least, EDGE_BITS + 1), progress)
    return _within(limit, losses, Costs.of(network, base, seen), _Planner(network, seen, progress))


def _within(limit: Limit, losses: Losses, costs: Costs, planner: _Planner) -> Choice:
    by_size = isinstance(limit, Smaller)
    path = narrowing_path(losses, costs.size_bits if by_size else costs.bops, costs.joined)
    cycles = None
    match limit:
        case Smaller(times):
            what = f"{costs.times_smaller(path[-1]):.2f} times smaller is the most"
            widths = first_within(path, lambda found: costs.times_smaller(found) >= times, what)
        case FewerBops(times):
            what = f"{costs.times_fewer_bops(path[-1]):.2f} times fewer bit operations is the most"
            widths = first_within(path, lambda found: costs.times_fewer_bops(found) >= times, what)
        case Cycles(count, board):
            what = f"{planner.described(path[-1], board)} on {board}"
            widths = first_within(path, lambda found: planner.meets(found, board, count), what)
            cycles = planner.cycles(widths, board)
    return Choice(widths, losses, costs.times_smaller(widths), costs.times_fewer_bops(widths), cycles)


@dataclass(frozen=True)
class _Planner:
    """Predicts cycles of `model` with given widths. images: for scales, which cycles do not depend on."""

    model: nn.Module
    images: Tensor
    progress: Progress

    def cycles(self, widths: Widths, board: str) -> int | None:
        """A frame's, on the fastest engine that fits; None if none does."""
        recipe, target = Int(EDGE_BITS, layers=ByLayer(tuple(widths.items()))), load_board(board)
        with self.progress.task(f"plan for {board}"), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            export(freeze(quantise(self.model, recipe, self.images), self.images), self.images, path)
            found = fitting(target, engines(import_model(path), target.family, budget(target)))
        return fastest(found).frame_cycles if found else None

    def meets(self, widths: Widths, board: str, count: int) -> bool:
        cycles = self.cycles(widths, board)
        return cycles is not None and cycles <= count

    def described(self, widths: Widths, board: str) -> str:
        cycles = self.cycles(widths, board)
        return "no engine fits" if cycles is None else f"{cycles:,} cycles are the fewest"


def check_base(base: str) -> None:
    """Raises UserError for what is no recipe of integer levels, all of one width, that comes with twofold."""
    levels = None if base.endswith(".toml") else recipe_named(base).quantisation
    if not isinstance(levels, Int) or levels.layers.widths:
        raise UserError(
            'base: expected a recipe by name, of levels = "int" without widths by layer, such as int8, '
            f"got {base}"
        )


def write_recipe(choice: Choice, base: str, path: Path, origin: Sequence[str] = ()) -> None:
    """A recipe that trains `base` in the chosen widths.

    base: as `check_base` accepts it. origin: lines that say where the widths come from.
    """
    check_base(base)
    lines = [*(f"# {line}" for line in origin), f'base = "{base}"', "", "[quantisation.layers]"]
    lines += [f"{name} = {width}" for name, width in choice.widths.items()]
    write_atomically(path, "\n".join(lines) + "\n")
