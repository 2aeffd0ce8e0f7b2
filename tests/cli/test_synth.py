from __future__ import annotations

import json

import pytest

from twofold.synth.devices import ZYNQ_7020
from twofold.synth.utilisation import Utilisation


def used(dsp: int) -> Utilisation:
    return Utilisation(
        lut=13_300, lutram=0, carry=900, ff=18_770, dsp=dsp, cascaded_dsp=30, bram36=14.5, seconds=60.0
    )


@pytest.mark.parametrize(("dsp", "words", "code"), [(32, "fits", 0), (330, "does not fit", 1)])
def test_the_shares_of_the_device(run, answer, dsp: int, words: str, code: int) -> None:
    answer("synthesise", (used(dsp), ZYNQ_7020))
    result = run("synth", "m.onnx")
    assert result.exit_code == code
    assert result.stdout.splitlines()[-1] == words
    assert "25.0%" in result.stdout


def test_the_same_as_json(run, answer) -> None:
    answer("synthesise", (used(32), ZYNQ_7020))
    document = json.loads(run("synth", "m.onnx", "--json").stdout)
    assert document["fits"]
    assert document["resources"]["bram36"] == 14.5
    assert document["shares"]["lut"] == 0.25
    assert document["device"]["name"] == "Zynq-7020"


def test_the_engine_is_the_one_of_a_target(run, answer) -> None:
    calls = answer("synthesise", (used(32), ZYNQ_7020))
    assert run("synth", "m.onnx", "--board", "kv260", "--target-fps", "2000").exit_code == 0
    assert (calls[0][1], calls[0][3]) == ("kv260", 2000)
