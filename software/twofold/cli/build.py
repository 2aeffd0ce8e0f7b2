"""`twofold build`: a model as a project that the vendor's tools build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.choices import Approximate, Backend
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold build model.onnx --board pynq-z2 --backend rtl --out build/pynq"


def build(
    model: Annotated[Path, typer.Argument(help="A model in QONNX, such as twofold export writes.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    board: Annotated[str, typer.Option("--board", help="The board to build for.")] = "pynq-z2",
    backend: Annotated[
        Backend, typer.Option("--backend", help="rtl: the engine, for Vivado. hls: an hls4ml project.")
    ] = Backend.RTL,
    approximate: Approximate = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a complete project for a board: sources, scripts, memory images and driver.

    It is written, not run: Vivado or Vitis makes the bitstream.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        api.build(model, board, str(backend), out, shown(), approximate)
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    if json:
        print_json({"folder": str(out), "board": board, "backend": str(backend), "files": written})
    else:
        print_rich(f"wrote {len(written)} files to {out}")
