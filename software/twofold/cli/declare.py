"""`twofold declare`: a model whose input is said to hold integers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import Model
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold declare jets.onnx --input 'FIXED<16,6>' --out typed.onnx"


def declare(
    model: Model,
    input_type: Annotated[
        str,
        typer.Option(
            "--input",
            help="What the input holds: INT8, UINT8, BIPOLAR, FIXED<16,6> or another of their kind.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("declared.onnx"),
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Say what numbers a model's input holds, if the file does not: a quantiser is put before its layers.

    FIXED<W,I> are fixed-point numbers of W bits, I of them before the point, as hls4ml's ap_fixed<W,I>.
    """
    with results_only():
        from twofold.files import sha256, write_atomically
        from twofold.qonnx.declared_input import declare_input
        from twofold.qonnx.input_type import InputType
        from twofold.qonnx.read import read_model

        type_, graph = InputType.of(input_type), read_model(model)
        declare_input(graph, type_)
        write_atomically(out, graph.SerializeToString())
    if json:
        print_json({"model": str(out), "input": type_.name, "sha256": sha256(out)})
    else:
        print_rich(f"wrote {out}")
