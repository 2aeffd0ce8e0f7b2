"""The results file as a page of the documentation.

    python -m twofold.tables.page

writes the page anew after rows were added.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twofold.files import write_atomically
from twofold.tables.results import ACCURACY, RESULTS, Result, read
from twofold.tables.terminal import UNKNOWN, printed_name

PAGE = Path("docs/results.md")
_TEXT = """# Results

Every network that was trained here and measured: a row of [results.json](results.json) each, written by
`twofold train … --results docs/results.json`. `python -m twofold.tables.page` writes this page from it, and
`twofold tables` prints the same rows beside published figures.

*Accuracy* is the percentage of the whole test part that the exported integer model, run by the golden model,
gets right; where layers or activations are left in float, PyTorch runs the network itself. *Stages* are the
same network's accuracies on the way there. Nothing is chosen on the test part: the best epoch of a stage is
that of the validation part. *Epochs* and *minutes* are of all stages, those of the run that `--start` names
included: rows of `ptq_…` train nothing of their own.

*cifar10* of 8,000 test images is a copy that was re-encoded as JPEG (quality 75, colour at half the
resolution) before it came here, for training and testing alike: compare these accuracies with one another,
not with published ones. *cifar10* of 10,000 test images is the original.

"""
_HEADER = (
    "network", "recipe", "data", "samples", "seed", "epochs", "minutes", "accuracy, %", "stages, %",
    "times smaller", "times fewer bit operations", "commit", "command",
)  # fmt: skip
_STAGES = ("float", "pruned", "quantised")


def results_page(results: Sequence[Result]) -> str:
    """Markdown, one table row a result."""
    rows = [_HEADER, tuple("---" for _ in _HEADER), *map(_cells, results)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return _TEXT + (table if results else "No network has been trained yet.") + "\n"


def _cells(result: Result) -> tuple[str, ...]:
    figures = result.figures
    return (
        printed_name(result.network),
        f"`{result.recipe}`",
        result.dataset,
        f"{result.samples:,}",
        str(result.seed),
        str(result.epochs),
        f"{result.minutes:.0f}",
        f"**{figures[ACCURACY]:.2f}**",
        ", ".join(f"{stage} {figures[stage]:.2f}" for stage in _STAGES if stage in figures) or UNKNOWN,
        _figure(result, "size_ratio"),
        _figure(result, "bops_ratio"),
        result.commit or UNKNOWN,
        f"`{result.command}`",
    )


def _figure(result: Result, name: str) -> str:
    return f"{result.figures[name]:.2f}" if name in result.figures else UNKNOWN


if __name__ == "__main__":
    write_atomically(PAGE, results_page(read(RESULTS)))
