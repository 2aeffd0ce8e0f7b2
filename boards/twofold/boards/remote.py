"""Scripts that run on a board, as text for its Python. Nothing of a user goes through a shell."""

from __future__ import annotations

import json
from typing import Any

PYTHON = "python3 -"
"""Reads a script."""

AS_ROOT = f"sudo -n -i {PYTHON}"
"""The same as root, whom PYNQ wants, and with the login's environment; fails where sudo wants a password."""

AS_ROOT_WITH_PASSWORD = f"sudo -k -S -p '' -i {PYTHON}"
"""The same after a line with the user's password; -k: that line is read whatever sudo remembers."""

HASHES = """
import hashlib, json, pathlib
folder = pathlib.Path(given["folder"])
print(json.dumps({
    name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in given["names"]
}))
"""
"""Prints the SHA-256 of given files in a folder."""

SELFTEST = """
import json, os, sys
os.chdir(given["folder"])
sys.path.insert(0, given["folder"])
from twofold_runtime import Accelerator, AcceleratorError
try:
    print(json.dumps(Accelerator(given["folder"]).selftest().as_json()))
except AcceleratorError as error:
    print(json.dumps({"passed": False, "difference": str(error)}))
"""
"""Prints the result of the accelerator's self-test."""


def script(text: str, given: Any) -> str:
    """A script with its data, for `python3 -`."""
    return f"import json\ngiven = json.loads({json.dumps(json.dumps(given))})\n{text}"
