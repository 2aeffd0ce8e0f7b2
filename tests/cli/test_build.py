from __future__ import annotations

import json
from pathlib import Path

from twofold.boards.board_file import load_board
from twofold.boards.choose import Prediction
from twofold.building.build import Build
from twofold.building.hls_choices import HlsChoices, HlsPrediction
from twofold.hls.budget import Budget
from twofold.models.shipped import model_file
from twofold.network.host import HostWork
from twofold.plan.propose import propose
from twofold.plan.schedule import plan
from twofold.qonnx.importer.exactness import Exactness
from twofold.qonnx.importer.load import import_model

PREDICTED = HlsPrediction(load_board("pynq-z2"), "xc7z020clg400-1", 100, 40_000, Budget(12, 3_400, 5))
HOST = HostWork(("Mul 'm'", "Quant 'x'"), ("Softmax 's'",), None, "Mul 'm' has no description")
EXACT = Build(PREDICTED, Exactness(), HOST)
LINE = (
    "predicted, not synthesised: a frame about every 40,000 cycles, 2,500 frames a second at 100 MHz; "
    "multipliers and thresholds take 12 DSP, 3,400 LUT, 5 BRAM36; latency is not predicted"
)


def test_what_was_written_is_listed(run, answer, tmp_path: Path) -> None:
    (tmp_path / "tcl").mkdir()
    (tmp_path / "tcl" / "build.tcl").write_text("")
    (tmp_path / "manifest.json").write_text('{"scripts": ["export_ip.tcl", "build.tcl"]}')
    calls = answer("build", EXACT)
    result = run(
        "build", "m.onnx", "--board", "pynq-z2", "--backend", "hls", "--out", str(tmp_path), "--json"
    )
    assert json.loads(result.stdout) == {
        "folder": str(tmp_path),
        "board": "pynq-z2",
        "backend": "hls",
        "files": ["manifest.json", "tcl/build.tcl"],
        "predicted": PREDICTED.as_json(),
        "exactness": {"class": "exact", "bounds": {}},
        "host": {
            "before": ["Mul 'm'", "Quant 'x'"],
            "after": ["Softmax 's'"],
            "obstacle": "Mul 'm' has no description",
        },
        "implemented": None,
    }
    assert calls[0][:4] == (Path("m.onnx"), "pynq-z2", "hls", tmp_path)
    result = run(
        "build", "m.onnx", "--backend", "hls", "--out", str(tmp_path), "--write-only", "--flow", "Kernel"
    )
    assert result.stdout.splitlines() == [
        f"wrote 2 files to {tmp_path}",
        "exact: every integer is the executor's, proven in its float32 arithmetic",
        "on the host before: Mul 'm', Quant 'x'",
        "on the host after: Softmax 's'",
        "the runtime quantises no images, as Mul 'm' has no description; pass codes to run()",
        LINE,
        "To build the bitstream, with the tools on PATH:",
        f"cd {tmp_path / 'vivado'}",
        "vitis-run --mode hls --tcl export_ip.tcl",
        "vivado -mode batch -nojournal -nolog -notrace -source build.tcl -tclargs 4",
    ]


def test_choices_of_hls_are_passed_on(run, answer, tmp_path: Path) -> None:
    calls = answer("build", EXACT)
    words = "--backend hls --flow VivadoAccelerator --io io_parallel --strategy resource --clock-ns 5"
    assert run("build", "m.onnx", "--out", str(tmp_path), *words.split()).exit_code == 0
    assert calls[0][-1] == HlsChoices("VivadoAccelerator", "io_parallel", "resource", None, 5)
    assert run("build", "m.onnx", "--out", str(tmp_path), "--flow", "Quartus").exit_code == 2


def test_each_approximate_layer_is_named_with_its_bound(run, answer, tmp_path: Path) -> None:
    answer("build", Build(PREDICTED, Exactness({"act1": 1, "logits": 3}), HOST))
    words = ("build", "m.onnx", "--backend", "hls", "--out", str(tmp_path), "--approximate")
    assert json.loads(run(*words, "--json").stdout)["exactness"] == {
        "class": "approximate",
        "bounds": {"act1": 1, "logits": 3},
    }
    assert run(*words).stdout.splitlines()[1] == (
        "approximate: codes that differ from the executor's on equal inputs at most by: act1 ±1, logits ±3"
    )


def test_the_smallest_engine_is_called_so_with_the_way_to_a_faster_one(run, answer, tmp_path: Path) -> None:
    net = import_model(model_file("resnet8_cifar10_int8"))
    board = load_board("pynq-z2")
    (tmp_path / "manifest.json").write_text('{"scripts": []}')
    answer("build", Build(Prediction.of(board, plan(net, propose(net))), Exactness(), HOST))
    said = "smallest engine; twofold boards --for m.onnx has the fastest, for --target-fps"
    words = ("build", "m.onnx", "--out", str(tmp_path), "--write-only")
    assert said in run(*words).stdout.splitlines()
    assert said not in run(*words, "--target-fps", "100").stdout
