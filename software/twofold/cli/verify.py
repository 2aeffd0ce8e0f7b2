"""`twofold verify`: does every road compute the same integers?"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from twofold.cli.choices import Approximate, Candidate, EngineFps, HlsIo, HlsStrategy, Model, seed_option
from twofold.cli.failures import FOUND_WRONG
from twofold.cli.output import print_json, print_rich, results_only
from twofold.cli.word_lists import repeat_option

EXAMPLE = "Example: twofold verify model.onnx --against golden qonnx hls rtl --frames 32"


class Command(TyperCommand):
    """Accepts several words after `--against`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, list(repeat_option("--against", frozenset(Candidate), args)))


def verify(
    model: Model,
    against: Annotated[
        list[Candidate], typer.Option("--against", help="What to compare, one word or several.")
    ] = [Candidate.GOLDEN, Candidate.QONNX],  # noqa: B006 (an option's default, which nothing changes)
    frames: Annotated[int, typer.Option("--frames", min=1, help="How many inputs to compare.")] = 32,
    seed: Annotated[int, seed_option("Chooses the inputs and the stalls.")] = 0,
    approximate: Approximate = False,
    io: Annotated[HlsIo, typer.Option("--io", help="hls: as of build.")] = HlsIo.STREAM,
    strategy: Annotated[
        HlsStrategy, typer.Option("--strategy", help="hls: as of build.")
    ] = HlsStrategy.BUDGET,
    board: Annotated[
        str | None, typer.Option("--board", help="rtl: the engine that build writes for it.")
    ] = None,
    target_fps: EngineFps = None,
    layers: Annotated[bool, typer.Option("--layers", help="Print a row for each layer.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Compare every layer's integers on every road with the golden model's.

    With --approximate, qonnx's layer by layer on its own integers, each equal or within its proven bound.
    Exit code 0 if all checks pass, 1 if one fails or did not run.
    """
    with results_only():
        import twofold.api as api
        from twofold.cli.progress_bars import shown

        hls = api.HlsChoices(io=str(io), strategy=str(strategy))
        words = [str(word) for word in against]
        checks = api.verify(
            model, words, frames, seed, shown(), approximate, hls=hls, board=board, target_fps=target_fps
        )
    from twofold.golden.compare import Status
    from twofold.report import terminal, wording

    state = wording.overall(checks)
    if json:
        print_json({"status": str(state), "checks": [check.as_json() for check in checks]})
    else:
        table = [terminal.layers_table(checks)] if layers else []
        print_rich(*table, terminal.checks_table(checks), terminal.verdict(checks))
    if state is not Status.PASS:
        raise typer.Exit(FOUND_WRONG)
