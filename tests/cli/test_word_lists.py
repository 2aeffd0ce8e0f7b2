from __future__ import annotations

import pytest

from twofold.cli.word_lists import repeat_option

WORDS = ("golden", "hls", "rtl")


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("m --against rtl", "m --against rtl"),
        ("m --against golden hls rtl", "m --against golden --against hls --against rtl"),
        ("--against golden hls m", "--against golden --against hls m"),
        ("--against golden hls --frames 3", "--against golden --against hls --frames 3"),
        ("m --against golden --against rtl", "m --against golden --against rtl"),
        ("m --against golden vhdl rtl", "m --against golden vhdl rtl"),
        ("m --against golden hsl", "m --against golden --against hsl"),
        ("--against golden golden.onnx", "--against golden golden.onnx"),
        ("rtl --against golden", "rtl --against golden"),
        ("m --against", "m --against"),
    ],
)
def test_a_list_of_words_is_a_repeated_option(given: str, understood: str) -> None:
    assert " ".join(repeat_option("--against", WORDS, given.split())) == understood
