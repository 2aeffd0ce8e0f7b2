"""Graphs to refuse, and the importer's message: one line with node, field and what is supported."""

from __future__ import annotations

import pytest

from twofold.errors import UserError


@pytest.fixture
def refused(load):
    """Imports a graph that must be refused, returns the message without the path."""

    def message(graph, **options) -> str:
        with pytest.raises(UserError) as caught:
            load(graph, **options)
        text = str(caught.value)
        assert "\n" not in text
        return text.split(": ", 1)[1]

    return message


@pytest.fixture
def image_graph(new_graph):
    graph = new_graph((2, 4, 4))
    graph.quantised_input()
    return graph


@pytest.fixture
def vector_graph(new_graph):
    graph = new_graph((4,))
    graph.quantised_input()
    return graph
