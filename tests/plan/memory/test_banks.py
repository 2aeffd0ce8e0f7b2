"""Maps in banks: every word has a place, and what tiles need at once is never in one bank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofold.plan.memory.banks import BankLayout, Transfer

LAYOUTS = st.builds(BankLayout, st.integers(1, 20), st.integers(1, 4), st.sampled_from([1, 2, 4, 8, 16]))


@given(LAYOUTS, st.integers(1, 9))
def test_every_word_has_its_place(banks: BankLayout, blocks: int) -> None:
    places = {
        (banks.bank(row, block), banks.block_address(block) + banks.row_address(row) + column)
        for block, row, column in np.ndindex(blocks, banks.rows, banks.width)
    }
    assert len(places) == blocks * banks.rows * banks.width
    assert {bank for bank, _ in places} <= set(range(banks.tiles))
    assert max(address for _, address in places) < banks.words(blocks)


@given(LAYOUTS)
def test_all_tiles_are_in_different_banks_however_they_share_a_map(banks: BankLayout) -> None:
    bands = banks.bands
    while bands:
        width, rows = banks.tiles // bands, banks.rows // bands
        for row in range(rows):
            used = {banks.bank(band * rows + row, block) for band in range(bands) for block in range(width)}
            assert len(used) == banks.tiles
        bands //= 2


@given(LAYOUTS, st.integers(1, 5), st.sampled_from([1, 3, 7, 65535]))
def test_transfers_bring_every_word_to_its_place(banks: BankLayout, blocks: int, most: int) -> None:
    """most: words of a transfer."""
    pixels, seen = banks.height * banks.width, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twofold.plan.memory.banks.TRANSFER_WORDS_MAX", most)
        transfers = list(banks.transfers(blocks))
    assert max(transfer.words for transfer in transfers) <= most
    for transfer in transfers:
        for word in range(transfer.words):
            block, pixel = divmod(transfer.first + word, pixels)
            row, column = divmod(pixel, banks.width)
            band, address = divmod(word, transfer.band_words)
            bank = (transfer.bank + band * transfer.bank_step) % banks.tiles
            place = banks.block_address(block) + banks.row_address(row) + column
            assert (bank, transfer.address + address) == (banks.bank(row, block), place)
            seen.append(transfer.first + word)
    assert seen == list(range(blocks * pixels))


def test_one_bank_takes_all_blocks_at_once() -> None:
    assert list(BankLayout(5, 4, 1).transfers(3)) == [Transfer(0, 60, 0, 0, 1, 60)]


@pytest.mark.parametrize(
    ("height", "bands", "rows"), [(32, 8, 32), (8, 8, 8), (7, 4, 8), (1, 1, 1), (33, 8, 40)]
)
def test_bands(height: int, bands: int, rows: int) -> None:
    banks = BankLayout(height, 3, 8)
    assert (banks.bands, banks.rows, banks.fold) == (bands, rows, 8 // bands)
