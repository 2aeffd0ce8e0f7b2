"""What goes wrong with an accelerator."""


class AcceleratorError(Exception):
    """What was expected, what was found, what to do."""
