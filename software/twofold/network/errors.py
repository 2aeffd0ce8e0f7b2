"""What is wrong with a network, said to the user."""

from __future__ import annotations

from twofold.errors import UserError


class NetworkError(UserError):
    """A network that breaks a rule: which node, which field, what was expected and what came."""

    def __init__(self, node: str, field: str, expected: str, found: object) -> None:
        self.node, self.field, self.expected, self.found = node, field, expected, found
        super().__init__(f"{node}: {field}: expected {expected}, found {found}")
