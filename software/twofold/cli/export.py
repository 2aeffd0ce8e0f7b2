"""`twofold export`: a trained model as one QONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold export build/train/apot --out model.onnx"


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A folder that twofold train wrote.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("model.onnx"),
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Freeze a trained model and write it in QONNX, every number exact."""
    with results_only():
        from twofold import api
        from twofold.files import sha256

        api.export(checkpoint, out)
    if json:
        print_json({"model": str(out), "sha256": sha256(out)})
    else:
        print_rich(f"wrote {out}")
