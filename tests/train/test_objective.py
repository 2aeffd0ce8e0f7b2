from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from twofold.errors import UserError
from twofold.train.objective import Distillation, Objective

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]])
LABELS = torch.tensor([0, 1])


def test_without_a_teacher_it_is_cross_entropy() -> None:
    assert torch.equal(Objective()(LOGITS, LABELS, LOGITS), F.cross_entropy(LOGITS, LABELS))


def test_a_teacher_of_the_same_logits_adds_nothing() -> None:
    objective = Objective(teacher=nn.Identity(), distillation=Distillation(3.0, 0.25))
    assert objective(LOGITS, LABELS, LOGITS) == pytest.approx(0.75 * float(F.cross_entropy(LOGITS, LABELS)))


def test_the_distance_is_that_of_softened_probabilities() -> None:
    taught = LOGITS.flip(0)
    objective = Objective(teacher=nn.Identity(), distillation=Distillation(2.0, 1.0))
    p, q = torch.softmax(taught / 2, 1), torch.softmax(LOGITS / 2, 1)
    expected = 4 * float((p * (p / q).log()).sum(1).mean())
    assert float(objective(LOGITS, LABELS, taught)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan, math.inf])
def test_a_temperature_out_of_range_is_refused(temperature: float) -> None:
    with pytest.raises(UserError, match="distillation: expected a finite temperature > 0"):
        Distillation(temperature)
