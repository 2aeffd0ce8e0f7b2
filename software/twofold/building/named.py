"""A network by name: a file, a model that comes along, or a network that is not trained yet."""

from __future__ import annotations

import tempfile
from pathlib import Path

from twofold.errors import UserError
from twofold.models.catalogue import NAMES
from twofold.models.own import is_own
from twofold.models.shipped import model_file, shipped_models
from twofold.network.graph import Network
from twofold.qonnx.importer.load import Imported, import_file
from twofold.qonnx.untrained import export_untrained
from twofold.quant.recipe import ApotWeights

_IMAGES = (3, 32, 32)
_UNTRAINED = ApotWeights(4, 4, residual_bits=4)


def network_of(model: Path | str, shape: tuple[int, int, int] | None = None) -> Network:
    """As `imported_of`, the network alone."""
    return imported_of(model, shape).network


def imported_of(model: Path | str, shape: tuple[int, int, int] | None = None) -> Imported:
    """Of a QONNX file, of a model that comes with twofold, by name, or of a network's name, one of the user's
    own too (`twofold.models.own`): then untrained, with 4-bit APoT weights, first and last layer INT8.

    shape: C, H, W of an untrained network's images; needed for one's own, 3, 32, 32 for others if None.
    Raises UserError for anything else, and for networks that do not take such images.
    """
    file, name = model_file(model), str(model)
    if name not in NAMES and not is_own(name):
        return _read(file, shape)
    if shape is None and is_own(name):
        raise UserError(
            f"{name}: expected the shape of its images as well, C, H, W, got none; give it with --shape"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name.rpartition(':')[2]}.onnx"
        export_untrained(name, _UNTRAINED, path, shape or _IMAGES)
        return import_file(path)


def _read(file: Path, shape: tuple[int, int, int] | None) -> Imported:
    if file.suffix != ".onnx":
        names = [*(model.name for model in shipped_models()), *NAMES]
        raise UserError(
            f"model: expected a .onnx file, FILE.py:NAME or one of {', '.join(names)}, got {str(file)!r}"
        )
    if shape is not None:
        raise UserError(f"shape: expected a network's name, since {file} has the shape of its images itself")
    return import_file(file)
