"""A program that uses a board folder's runtime over a UART, and notes what the runtime says.

Arguments: the folder, the port, images (.npy), where the results go (.npz), a file in which the program asks
for faults of the engine's memory, and folders that are wrong.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

folder, port, images_path, results, fault, *wrong = sys.argv[1:]
sys.path.insert(0, folder)
from twofold_runtime import Accelerator, AcceleratorError  # noqa: E402

LONG, SHORT = 60.0, 0.05


def said(use: Callable[[], object]) -> str:
    """The error that `use` ends with."""
    try:
        use()
    except AcceleratorError as error:
        return str(error)
    return "no error"


def aborted(run: Callable[[], object], accelerator: Any) -> str:
    """What `run` says when this thread aborts it while another waits for it."""
    heard: list[str] = []
    waiting = threading.Thread(target=lambda: heard.append(said(run)))
    waiting.start()
    while waiting.is_alive():
        accelerator.abort()
        waiting.join(0.05)
    return heard[0]


def memory_is(word: str) -> None:
    Path(fault).write_text(word)


refusals = [said(lambda path=path: Accelerator(path, port=port, timeout=LONG)) for path in wrong]
accelerator = Accelerator(folder, port=port, batch=2, timeout=LONG)
images = np.load(images_path)
found = {"tested": str(accelerator.selftest()), "logits": accelerator.logits(images)}
found |= {"cycles": accelerator.cycles, "frames": accelerator.frames}


def one() -> Any:
    return accelerator.logits(images[:1])


memory_is("slow")
found["abort"] = aborted(one, accelerator)
accelerator.timeout = SHORT
found["timeout"] = said(one)
accelerator.timeout = LONG
memory_is("error")
found["error"] = said(one)
memory_is("")
found["after"] = one()
found["nowhere"] = said(lambda: accelerator._link._bridge.read(0x1000, 4))
np.savez(results, refusals=refusals, **found)
