"""Predictions of engines as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from twofold.cli.output import word_table

if TYPE_CHECKING:
    from rich.table import Table

    from twofold.boards.choose import Prediction

COLUMNS = (
    *("board", "engine", "cycles a frame", "MHz", "frames a second", "latency", "LUT", "FF", "DSP", "BRAM36"),
)


def prediction_row(name: str, found: Prediction | None) -> tuple[str, ...]:
    """A cell for each of COLUMNS. LUT: those used as memory included, of the device's."""
    if found is None:
        return (name, "none fits", *["–"] * (len(COLUMNS) - 2))
    area, has = found.area, found.board.resources
    link = found.link_frames_per_second
    rate = f"{found.frames_per_second:,.0f}" + (f" ({link:,.0f} over the UART)" if link else "")
    used = {
        "lut": area.lut + area.lutram,
        "ff": area.ff,
        "dsp": area.dsp,
        "bram36": area.bram36,
    }
    shares = (f"{count:,g} ({count / getattr(has, key):.0%})" for key, count in used.items())
    return (
        name,
        found.label,
        f"{found.frame_cycles:,}",
        f"{found.board.clock.frequency_mhz:g}",
        rate,
        f"{found.latency_us:,.0f} µs",
        *shares,
    )


def prediction_table(rows: Mapping[str, Prediction | None]) -> Table:
    table = word_table(*COLUMNS)
    for name, found in rows.items():
        table.add_row(*prediction_row(name, found))
    return table
