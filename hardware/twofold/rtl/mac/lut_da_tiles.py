"""Several tiles of distributed arithmetic that share the generators of their tables."""

from __future__ import annotations

from amaranth.hdl import Module, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from twofold.rtl.mac.lut_da import LutDa
from twofold.rtl.mac.lut_da_tile import LutDaTile
from twofold.rtl.mac.subset_sums import GROUP, SubsetSumGenerator


class LutDaTiles(wiring.Component):
    """`tiles` × tin activations in and `tiles` × tout sums out every cycle.

    Generator g fills tiles g·tiles/generators up to the next generator's: those named by `targets` at once,
    with the same weights, in 16 cycles after the other; so each generator takes 16 cycles for every
    different tile of weights among its own. Its last entry is written LATENCY + `memory_latency` + 15
    cycles after `go`, and `swap` may come in that cycle: with a memory of one cycle of latency a tile is
    ready 17 cycles after `go`, and the next tile's `go` may have come the cycle before.

    Parameters
    ----------
    kind : of each tile.
    tiles, generators : `tiles` is a multiple of `generators`.
    memory_latency : cycles from `place` to `weights`.

    Members
    -------
    a : In(ArrayLayout(ArrayLayout(kind.activation_shape, tin), tiles))
    swap : In(1)
        The vectors on `a` are the first to meet the tables that were filled last, in every tile.
    go : In(generators)
        The generators that begin, at most every 16 cycles.
    targets : In(tiles)
        With `go`: which of its tiles a generator fills.
    place : Out(ArrayLayout(unsigned(2), generators))
        Which of the tile's four place words is to be on `weights`, `memory_latency` cycles later.
    weights : In(ArrayLayout(unsigned(kind.layout.place_bits), generators))
        Elements of `kind.place_words(weights)`.
    y : Out(ArrayLayout(ArrayLayout(signed(kind.addend_bits), tout * kind.addends), tiles))
        As `PeArray.y`, `kind.latency` cycles after `a`.
    """

    LATENCY = SubsetSumGenerator.LATENCY

    def __init__(self, kind: LutDa, tiles: int, generators: int = 1, memory_latency: int = 1) -> None:
        if generators < 1 or tiles < 1 or tiles % generators:
            raise ValueError(f"expected tiles that generators divide, got {tiles} and {generators}")
        self.kind, self.memory_latency = kind, memory_latency
        self.tiles, self.generators = tiles, generators
        sums = data.ArrayLayout(signed(kind.addend_bits), kind.tout * kind.addends)
        super().__init__(
            {
                "a": In(data.ArrayLayout(data.ArrayLayout(kind.activation_shape, kind.tin), tiles)),
                "swap": In(1),
                "go": In(generators),
                "targets": In(tiles),
                "place": Out(data.ArrayLayout(unsigned((GROUP - 1).bit_length()), generators)),
                "weights": In(data.ArrayLayout(unsigned(kind.layout.place_bits), generators)),
                "y": Out(data.ArrayLayout(sums, tiles)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        own = self.tiles // self.generators
        for index in range(self.generators):
            m.submodules[f"generator_{index}"] = generator = SubsetSumGenerator(
                self.kind.layout, self.kind.family, targets=own, memory_latency=self.memory_latency
            )
            m.d.comb += [
                generator.go.eq(self.go[index]),
                generator.targets.eq(self.targets.word_select(index, own)),
                self.place[index].eq(generator.place),
                generator.weights.eq(self.weights[index]),
            ]
            for place in range(own):
                self._tile(m, index * own + place, generator, place)
        return m

    def _tile(self, m: Module, index: int, generator: SubsetSumGenerator, place: int) -> None:
        m.submodules[f"tile_{index}"] = tile = LutDaTile(self.kind)
        m.d.comb += [
            tile.a.eq(self.a[index]),
            tile.swap.eq(self.swap),
            tile.enable.eq(generator.enable[place]),
            tile.fill.eq(generator.fill),
            self.y[index].eq(tile.y),
        ]
