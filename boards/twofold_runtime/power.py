"""Power of the board's rails, where Linux measures them."""

from __future__ import annotations

from pathlib import Path

HWMON = Path("/sys/class/hwmon")
_MICROWATTS = 1e6


def rails_watts(folder: Path = HWMON) -> dict[str, float]:
    """Name of a sensor and its input → watts; empty on boards without such sensors.

    Linux, Documentation/hwmon/sysfs-interface: power*_input in microwatts.
    """
    found = {}
    for path in sorted(folder.glob("hwmon*/power*_input")):
        try:
            name = (path.parent / "name").read_text().strip()
            found[f"{name} {path.name.partition('_')[0]}"] = int(path.read_text()) / _MICROWATTS
        except (OSError, ValueError):
            continue  # a sensor that does not answer now
    return found
