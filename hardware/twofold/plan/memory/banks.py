"""How a map lies in the banks of activation memory, one bank a tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twofold.plan.maps import Map
from twofold.plan.memory.layout import blocks_of
from twofold.rtl.isa import TRANSFER_WORDS_MAX


@dataclass(frozen=True)
class Transfer:
    """Words of a map that one LOAD or STORE moves. first: the map's word in DRAM; address: from its base."""

    first: int
    words: int
    address: int
    bank: int
    bank_step: int
    band_words: int

    def pieces(self, tiles: int) -> Iterator[Transfer]:
        """The same in transfers of at most TRANSFER_WORDS_MAX words: of whole bands, or of parts of one."""
        moved = 0
        while moved < self.words:
            band, inside = divmod(moved, self.band_words)
            if inside or self.band_words > TRANSFER_WORDS_MAX:
                words = band_words = min(TRANSFER_WORDS_MAX, self.band_words - inside, self.words - moved)
            else:
                band_words = self.band_words
                words = min(TRANSFER_WORDS_MAX // band_words * band_words, self.words - moved)
            bank = (self.bank + band * self.bank_step) % tiles
            place = (self.first + moved, words, self.address + inside, bank)
            yield Transfer(*place, self.bank_step, band_words)
            moved += words


@dataclass(frozen=True)
class BankLayout:
    """A map of `height` rows of `width` words a block, in `tiles` banks.

    The rows are cut into as many bands as there are banks, or into fewer if there are fewer rows: a power of
    two, `bands`, of `band_rows` rows each. Row y of block b is in bank
    (⌊y / band_rows⌋ · fold + b) mod tiles, at ⌊b / fold⌋ · band_words + (y mod band_rows) · width.
    Words that tiles need at once, of other bands or other blocks, are therefore in different banks, however
    tiles share the work.
    """

    height: int
    width: int
    tiles: int

    @classmethod
    def of(cls, map_: Map, tiles: int) -> BankLayout:
        return cls(map_.height, map_.width, tiles)

    @property
    def bands(self) -> int:
        return min(self.tiles, 1 << (self.height.bit_length() - 1))

    @property
    def band_rows(self) -> int:
        return -(-self.height // self.bands)

    @property
    def rows(self) -> int:
        """Rows of all bands, the last of which may lie below the map."""
        return self.bands * self.band_rows

    @property
    def fold(self) -> int:
        """Banks from one band to the next: blocks at the same address."""
        return self.tiles // self.bands

    @property
    def fold_log2(self) -> int:
        return self.fold.bit_length() - 1

    @property
    def band_words(self) -> int:
        """Of one block."""
        return self.band_rows * self.width

    def bank(self, row: int, block: int = 0) -> int:
        """Of a row, which may lie above the map."""
        return (row // self.band_rows * self.fold + block) % self.tiles

    def row_address(self, row: int) -> int:
        """Words from the first of its band."""
        return row % self.band_rows * self.width

    def block_address(self, block: int) -> int:
        return block // self.fold * self.band_words

    def words(self, blocks: int) -> int:
        """Words of each bank that a map of so many blocks takes."""
        return -(-blocks // self.fold) * self.band_words

    def transfers(self, blocks: int, begin: int = 0) -> Iterator[Transfer]:
        """Block after block of a map that begins at block `begin`; a single bank takes all at once. Each is
        one transfer, or as few as its words allow."""
        pixels = self.height * self.width
        if self.tiles == 1:
            words = blocks * pixels
            yield from Transfer(0, words, self.block_address(begin), 0, 1, words).pieces(1)
            return
        for block in range(blocks):
            whole = Transfer(
                first=block * pixels,
                words=pixels,
                address=self.block_address(begin + block),
                bank=self.bank(0, begin + block),
                bank_step=self.fold,
                band_words=self.band_words,
            )
            yield from whole.pieces(self.tiles)


def words_of(map_: Map, lanes: int, tiles: int) -> int:
    """Words of each bank from the beginning of the map's buffer to its end."""
    return BankLayout.of(map_, tiles).words(map_.first + blocks_of(map_.channels, lanes))
