from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from twofold.data.dataset import Dataset
from twofold.models.demo import DemoNet
from twofold.train.compute import Compute, to_home
from twofold.train.loop import Surroundings, fit, predict
from twofold.train.settings import Adam, Fit

BFLOAT16 = Compute("cpu", torch.bfloat16)


def test_small_images_stay_in_float32() -> None:
    assert Compute.for_images((1, 8, 8)) == Compute("cpu", torch.float32)


@pytest.mark.parametrize(
    "capabilities, dtype",
    [({"avx2": True}, torch.float32), ({"amx_bf16": False, "avx512_bf16": True}, torch.bfloat16)],
)
def test_the_cpu_decides(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert Compute.for_images((3, 32, 32)) == Compute("cpu", dtype, compile=True)
    assert Compute.for_images((1, 28, 28)) == Compute("cpu", dtype, compile=False)


@pytest.mark.parametrize("native, dtype", [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_is_used_in_the_format_that_it_has(
    monkeypatch: pytest.MonkeyPatch, native: bool, dtype: torch.dtype
) -> None:
    def is_supported(including_emulation: bool = True) -> bool:
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    chosen = Compute.for_images((3, 32, 32))
    assert chosen == Compute("cuda", dtype, compile=True)
    assert (chosen.layout == torch.channels_last) is native
    assert Compute.for_images((1, 8, 8)).device == "cpu"


def test_bfloat16_trains_float32_weights(few_digits: Dataset) -> None:
    torch.manual_seed(0)
    model = DemoNet(widths=(4, 6))
    notes: list[str] = []

    def advance(steps: int = 1, note: str = "") -> None:
        notes.append(note)

    settings = replace(Fit(2, Adam(5e-3)), batch=32)
    fit(model, few_digits, settings, 0, advance, around=Surroundings(BFLOAT16))
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert all(value.is_contiguous() for value in model.parameters())
    assert "images/s" in notes[0]
    assert "left" in notes[0]


def test_both_formats_give_nearly_the_same(few_digits: Dataset) -> None:
    torch.manual_seed(0)
    model = DemoNet(widths=(4, 6))
    exact = predict(model, few_digits.test)
    BFLOAT16.place(model)
    rounded = predict(model, few_digits.test, BFLOAT16)
    to_home(model)
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert float((exact - rounded).abs().max()) < 0.05 * float(exact.abs().max())
