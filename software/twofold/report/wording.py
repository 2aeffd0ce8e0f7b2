"""How a report writes its figures, in the terminal and in HTML alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from twofold.golden.compare import Check, Deviation, Status
from twofold.report.schema import Model, Report

CLOCK_HZ = 100_000_000
UNKNOWN = "–"

SYMBOLS = {Status.PASS: "✓", Status.FAIL: "✗", Status.NOT_RUN: "○"}
RESOURCE_NAMES = {"lut": "LUT", "lutram": "LUTRAM", "ff": "FF", "dsp": "DSP", "bram36": "BRAM36"}


def top1(percentage: float | None) -> str:
    """An accuracy, which is in percent already."""
    return UNKNOWN if percentage is None else f"{percentage:.1f}%"


def percent(fraction: float | None, digits: int = 1) -> str:
    return UNKNOWN if fraction is None else f"{100 * fraction:.{digits}f}%"


def signed_percent(fraction: float | None) -> str:
    return UNKNOWN if fraction is None else f"{100 * fraction:+.2f}%"


def times(ratio: float | None) -> str:
    return UNKNOWN if ratio is None else f"{ratio:.1f}×"


def count(number: float | None) -> str:
    """1234567 as 1,234,567; halves, of block RAMs, are kept."""
    if number is None:
        return UNKNOWN
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.1f}"


def frames_per_second(model: Model) -> float | None:
    """Derived: one frame after another at `CLOCK_HZ`, which no board has confirmed."""
    cycles = model.cycles_per_frame.best_known
    return CLOCK_HZ / cycles if cycles else None


def frame_rate(model: Model) -> str:
    rate = frames_per_second(model)
    return count(None if rate is None else round(rate))


def share(model: Model, kind: str) -> str:
    """A resource's share of the device, such as 39.0%."""
    if model.resources is None or model.device is None:
        return UNKNOWN
    return percent(model.resources.shares(model.device.resources)[kind])


def fits(model: Model) -> str:
    return {True: "fits", False: "does not fit", None: "not synthesised"}[model.fits]


def verdict(checks: Sequence[Check]) -> str:
    """One sentence on all checks, the worst news first."""
    if not checks:
        return "Nothing was compared"
    states = Counter(check.status for check in checks)
    elements = sum(check.elements for check in checks)
    if states[Status.FAIL]:
        return f"{states[Status.FAIL]} of {len(checks)} checks fail"
    if states[Status.NOT_RUN]:
        return f"{states[Status.NOT_RUN]} of {len(checks)} checks did not run"
    found = [deviation for check in checks for deviation in check.deviations.values()]
    differing = sum(deviation.differing for deviation in found)
    rest = f"{count(differing)} differ, within proven bounds, layer by layer" if found else "none differs"
    passing = f"All {len(checks)} checks pass" if len(checks) > 1 else "The check passes"
    return f"{passing}: {count(elements)} integers compared, {rest}"


def deviation(found: Deviation) -> str:
    """Of a tensor with a proven bound."""
    return f"{count(found.differing)} differ, by up to {found.largest}, proven ±{found.bound}"


def layers(checks: Sequence[Check]) -> list[str]:
    """All tensors that some candidate showed, or should have, in the order of the one that shows most."""
    shown = {name: None for check in sorted(checks, key=lambda c: -len(c.tensors)) for name in check.tensors}
    missing = {name: None for check in checks for name in check.wrong}
    return list(shown | missing)


def headline(report: Report) -> str:
    """Size and accuracy of the smallest model, and what it started from."""
    model = max(report.models, key=lambda model: model.size_ratio or 0)
    return (
        f"{model.name}: {times(model.size_ratio)} smaller than float32 "
        f"at {top1(model.accuracy.quantised)} accuracy (float: {top1(model.accuracy.float32)})"
    )


def overall(checks: Sequence[Check]) -> Status:
    """The worst state of all; nothing compared is nothing run."""
    for status in (Status.FAIL, Status.NOT_RUN):
        if any(check.status is status for check in checks):
            return status
    return Status.PASS if checks else Status.NOT_RUN
