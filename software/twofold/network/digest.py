"""A network's identity: equal for equal networks, whatever file they come from."""

from __future__ import annotations

import hashlib
import json

from twofold.network.graph import Network
from twofold.network.store import to_parts


def digest(network: Network) -> str:
    """SHA-256 over types, ops and constants, as hex; of the names, only the network's own does not count."""
    header, arrays = to_parts(network)
    del header["name"]
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        sha.update(f"{name} {arrays[name].shape}".encode())
        sha.update(arrays[name].astype("<i8").tobytes())
    return sha.hexdigest()
