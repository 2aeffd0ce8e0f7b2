"""What the quantisers of a model quantise, those together that share their scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import brevitas.nn as qnn
import torch
from torch import Tensor, nn


def quantisers_of(model: nn.Module) -> Iterator[qnn.QuantIdentity]:
    """Of activations, in the order in which they were added."""
    return (module for module in model.modules() if isinstance(module, qnn.QuantIdentity))


def sharing_of(model: nn.Module) -> Counter[nn.Module]:
    """`act_quant` → how many quantisers have it in common."""
    return Counter(module.act_quant for module in quantisers_of(model))


def passes(sharing: Counter[nn.Module]) -> int:
    """How often images must pass until each scale can be chosen from the operands of all who share it."""
    return 2 if max(sharing.values(), default=1) > 1 else 1


class Operands:
    """The latest operand of each quantiser that is asked about."""

    def __init__(self) -> None:
        self._latest: dict[nn.Module, dict[nn.Module, Tensor]] = {}

    def seen(self, quantiser: qnn.QuantIdentity, operand: Tensor) -> Tensor:
        """`operand`, or where others share the scale [values], with the latest of theirs."""
        latest = self._latest.setdefault(quantiser.act_quant, {})
        latest[quantiser] = operand.detach()
        return operand if len(latest) == 1 else torch.cat([values.flatten() for values in latest.values()])
