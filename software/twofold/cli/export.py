"""`twofold export`: a trained model as one QONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.output import print_json, print_rich, results_only
from twofold.errors import UserError

EXAMPLE = "Example: twofold export build/train/apot --out model.onnx"


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A folder that twofold train wrote.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("model.onnx"),
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a trained model in QONNX, every number exact, for any tool that reads it."""
    with results_only():
        from twofold.files import sha256, write_atomically

        write_atomically(out, _exported(checkpoint))
    if json:
        print_json({"model": str(out), "sha256": sha256(out)})
    else:
        print_rich(f"wrote {out}")


def _exported(folder: Path) -> bytes:
    """The file that training has frozen, exported and vouched for by its hash."""
    from hashlib import sha256
    from json import JSONDecodeError, loads

    from twofold.train.result import metrics_path, onnx_path

    try:
        metrics = loads(metrics_path(folder).read_text())
        if "onnx_sha256" not in metrics:
            raise UserError(
                f"{folder}: expected a run that ends in integers, {metrics.get('recipe')} leaves layers in "
                "float; train int8, apot or another recipe that quantises all of them"
            )
        content = onnx_path(folder).read_bytes()
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise UserError(
            f"{folder}: expected a folder that twofold train has finished, found no {missing} in it"
        ) from error
    except JSONDecodeError as error:
        raise UserError(f"{folder}: expected a folder that twofold train has finished: {error}") from error
    if sha256(content).hexdigest() != metrics["onnx_sha256"]:
        raise UserError(
            f"{onnx_path(folder)}: not the file that training wrote; train again to write it anew"
        )
    return content
