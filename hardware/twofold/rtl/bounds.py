"""Comparisons with the end of a memory, by the bits of its depth: a comparison would be a carry chain."""

from __future__ import annotations

from amaranth.hdl import Value


def exceeds(end: Value, depth: int) -> Value:
    """Whether `end`, which has more bits than `depth` needs, is more."""
    if not depth:
        return end.any()
    place = depth.bit_length() - 1
    return end[place + 1 :].any() | (end[place] & exceeds(end[:place], depth - (1 << place)))


def reaches(address: Value, depth: int) -> Value:
    """Whether `address`, which has as many bits as `depth` needs, is as much or more; depth: at least 1."""
    place = depth.bit_length() - 1
    rest = depth - (1 << place)
    here = address[place] & reaches(address[:place], rest) if rest else address[place]
    return address[place + 1 :].any() | here
