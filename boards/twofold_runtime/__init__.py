"""Runs an accelerator of twofold: on a board with PYNQ, or on a board at the end of a UART.

    from twofold_runtime import Accelerator

    accelerator = Accelerator("twofold.bit")
    print(accelerator.selftest())
    labels = accelerator.predict(images)        # floats [N, C, H, W] → classes [N]

Needs NumPy; on a board PYNQ, of which it uses Overlay, MMIO, PL and allocate only; over a UART
pyserial.
Python 3.8 or newer.
"""

from twofold_runtime.accelerator import Accelerator
from twofold_runtime.errors import AcceleratorError

__all__ = ["Accelerator", "AcceleratorError"]
