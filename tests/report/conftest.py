"""A made-up report of two models, so that no test needs a run."""

from __future__ import annotations

from typing import Any

import pytest


def layer(name: str, predicted: int, simulated: int | None, utilisation: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "conv 3×3",
        "pe": "apot_shift",
        "macs": 9216,
        "predicted": predicted,
        "simulated": simulated,
        "utilisation": utilisation,
    }


def model(size_ratio: float, pruned: float | None) -> dict[str, Any]:
    return {
        "accuracy": {"float": 98.61, "pruned": pruned, "quantised": 97.22},
        "size_ratio": size_ratio,
        "bops_ratio": 112.4,
        "macs": 162918,
        "cycles_per_frame": {"predicted": 1980, "simulated": 2000},
        "resources": {"lut": 13300, "lutram": 1216, "ff": 18770, "dsp": 330, "bram36": 14.5},
        "device": {"name": "xc7z020", "lut": 53200, "lutram": 17400, "ff": 106400, "dsp": 220, "bram36": 140},
        "fits": False,
        "layers": [layer("conv1", 310, 318, 0.23), layer("pool", 80, None, None)],
        "weight_histogram": {
            "conv2": {"-10": 3, "0": 40, "10": 2},
            "fc": {str(code): 1 for code in range(-99, 99)},
        },
        "confusion": [[35, 1], [0, 36]],
    }


def check(candidate: str, status: str, mismatches: int = 0, detail: str = "") -> dict[str, Any]:
    return {
        "model": "apot",
        "reference": "golden",
        "candidate": candidate,
        "status": status,
        "frames": 32,
        "elements": 135488,
        "mismatches": mismatches,
        "detail": detail,
    }


@pytest.fixture
def report() -> dict[str, Any]:
    return {
        "schema": 1,
        "provenance": {
            "commit": "0123abc",
            "seed": 7,
            "command": "twofold demo --seed 7",
            "samples": {"train": 1077, "test": 360},
            "versions": {"torch": "2.13.0"},
            "not_run": ["No board: nothing here has run on an FPGA."],
        },
        "models": {"apot": model(15.8, 98.33), "int8": model(4.0, None)},
        "checks": [
            check("qonnx", "pass"),
            check("hls", "fail", 3, "conv1[0, 1]: expected 4, found <5>"),
            check("rtl", "not run", detail="no g++"),
        ],
    }
