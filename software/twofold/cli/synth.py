"""`twofold synth`: how much of a device a model's engine takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from twofold.cli.choices import EngineFps, Model
from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, results_only

EXAMPLE = "Example: twofold synth model.onnx --json"


def synth(
    model: Model,
    board: Annotated[str, typer.Option("--board", help="The board whose device it must fit.")] = "pynq-z2",
    target_fps: EngineFps = None,
    json: Annotated[bool, typer.Option("--json", help="Print the utilisation as JSON.")] = False,
) -> None:
    """Synthesise the engine that build writes with Yosys and compare it with a board's device.

    Exit code 0 if it fits, 1 if not. Says nothing about routing or timing.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        used, device = api.synthesise(model, board, shown(), target_fps)
    shares, fits = device.shares(used), device.fits(used)
    if json:
        print_json({"resources": asdict(used), "device": asdict(device), "shares": shares, "fits": fits})
    else:
        _print_table(asdict(used), asdict(device), fits)
    if not fits:
        raise typer.Exit(FOUND_WRONG)


def _print_table(used: dict[str, Any], device: dict[str, Any], fits: bool) -> None:
    from twofold.report.node import Node
    from twofold.report.schema import Device, Resources
    from twofold.report.terminal import utilisation_table

    table = utilisation_table(Resources.parse(Node(used)), Device.parse(Node(device)))
    print_rich(table, "fits" if fits else "does not fit")
