"""Options of several words: `--against golden qonnx rtl`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches


def repeat_option(option: str, words: Collection[str], arguments: Iterable[str]) -> Iterator[str]:
    """`--against golden rtl` as `--against golden --against rtl`, which option parsers understand.

    The list ends at the first argument that is not like any of its words, so that another one may follow it.
    A mistyped word is left to the parser, which knows the right ones.
    """
    inside, previous = False, ""
    for argument in arguments:
        listed = inside and _is_meant_for(words, argument)
        if listed and previous != option:
            yield option
        yield argument
        inside = argument == option or listed
        previous = argument


def _is_meant_for(words: Collection[str], argument: str) -> bool:
    """Files and shipped models are not meant for it: their names have more than letters."""
    return argument in words or (argument.isalpha() and bool(get_close_matches(argument, words, 1)))
