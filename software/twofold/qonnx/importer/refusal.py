"""What the importer says when it does not take a node."""

from __future__ import annotations

from twofold.errors import UserError


class RefusalError(UserError):
    """A node without an exact integer meaning here: which one, which part, what came, what is supported.

    node: operator and name; field: an attribute, an input or a property; way_out: what the user can do.
    """

    def __init__(self, node: str, field: str, found: object, supported: str, way_out: str) -> None:
        self.node, self.field = node, field
        super().__init__(f"{node}: {field}: found {found}, supported: {supported}; {way_out}")
