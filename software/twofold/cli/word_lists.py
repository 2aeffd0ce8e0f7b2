"""Options of several words: `--against golden qonnx rtl`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator


def repeat_option(option: str, words: Collection[str], arguments: Iterable[str]) -> Iterator[str]:
    """`--against golden rtl` as `--against golden --against rtl`, which option parsers understand.

    The list ends at the first argument that is none of its words, so that another one may follow it.
    """
    inside, previous = False, ""
    for argument in arguments:
        if inside and previous != option and argument in words:
            yield option
        yield argument
        inside = argument == option or (inside and argument in words)
        previous = argument
