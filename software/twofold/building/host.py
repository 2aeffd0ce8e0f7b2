"""All that a host does around a model's network, measured quantities included."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from twofold.data.features import FEATURES, FeatureRange
from twofold.errors import UserError
from twofold.network.host import FeatureReading, HostWork
from twofold.qonnx.importer.load import Imported


def host_work(model: Imported) -> HostWork:
    """With the ranges of the quantities that the model was trained on, if its file has one for each number of
    an image.
    """
    work, features = model.host_work, _features(model)
    if work.images is None or features is None or len(features.low) != prod(work.images.image_shape):
        return work
    return replace(work, features=features)


def _features(model: Imported) -> FeatureReading | None:
    """None for a file without them, or with something else of that name."""
    try:
        ranges = FeatureRange.from_text(model.metadata.get(FEATURES, ""))
    except UserError:
        return None
    return FeatureReading(tuple(ranges.low.tolist()), tuple(ranges.high.tolist()))
