"""Networks survive the disk; other files do not become networks."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twofold.errors import UserError
from twofold.network import store


def assert_equal(a, b) -> None:
    assert (a.name, a.input_name, a.output_name, dict(a.tensors)) == (
        b.name, b.input_name, b.output_name, dict(b.tensors),
    )  # fmt: skip
    for one, other in zip(a.ops, b.ops, strict=True):
        assert type(one) is type(other)
        for field in fields(one):
            left, right = getattr(one, field.name), getattr(other, field.name)
            assert np.array_equal(left, right), (one.name, field.name)
            assert isinstance(left, np.ndarray) == isinstance(right, np.ndarray)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_saved_is_loaded(networks, tmp_path, data):
    network = data.draw(networks)
    store.save(network, tmp_path / "n.npz")
    assert_equal(store.load(tmp_path / "n.npz"), network)


def rewritten(network, path, change_header=lambda header: None, **arrays) -> None:
    """Saves `network` with its header or arrays changed."""
    store.save(network, path)
    with np.load(path) as archive:
        content = {name: archive[name] for name in archive.files}
    header = json.loads(content["header"].tobytes())
    change_header(header)
    content |= {name.replace("_", "."): value for name, value in arrays.items()}
    content["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **content)


def refused(path) -> str:
    with pytest.raises(UserError) as caught:
        store.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def set_in(*keys):
    """A change that puts the last of `keys` at the place that the others lead to."""

    def change(header):
        *way, last, value = keys
        for key in way:
            header = header[key]
        header[last] = value

    return change


@pytest.mark.parametrize(
    "change, found",
    [
        (set_in("format", "other 7"), "expected the format 'twofold network 1', found 'other 7'"),
        (set_in("tensors", 0, "bits", 99), "ValueError expected a width of 1 to 64 bits, got 99"),
        (set_in("tensors", 0, "bits", "8"), "TypeError "),
        (
            set_in("tensors", 0, "scale", [1, 10**12]),
            "ValueError expected a scale m·2^-n with m < 2^96, |n| ≤ 800",
        ),
        (set_in("tensors", 3), "TypeError "),
        (set_in("ops", 0, "kind", "system"), "KeyError 'system'"),
        (set_in("ops", 0, "extra", 1), "TypeError "),
        (set_in("ops", 0, "weight", {"array": "nil"}), "KeyError 'nil'"),
        (set_in("ops", 0, "stride", ["a", "b"]), "TypeError "),
        (set_in("ops", [7]), "AttributeError "),
    ],
)
def test_changed_headers(network, tmp_path, change, found):
    path = tmp_path / "n.npz"
    rewritten(network, path, change)
    assert found in refused(path)


def test_loaded_networks_are_verified(network, tmp_path):
    path = tmp_path / "n.npz"
    rewritten(network, path, set_in("tensors", 1, "bits", 3))
    with pytest.raises(UserError, match="conv: output type: expected a type that holds"):
        store.load(path)


def test_changed_arrays(network, tmp_path):
    path = tmp_path / "n.npz"
    store.save(network, path)
    with np.load(path) as archive:
        name = next(name for name in archive.files if name.endswith("weight"))
    rewritten(network, path, **{name.replace(".", "_"): np.array([0.5])})
    assert "ValueError expected integers" in refused(path)


def test_other_files(tmp_path):
    path = tmp_path / "n.npz"
    assert "found FileNotFoundError" in refused(path)
    for content in (b"", b"hello", b"PK\x05\x06" + b"\0" * 18):
        path.write_bytes(content)
        assert refused(path).startswith("expected a network written by twofold, found ")
    np.save(tmp_path / "one.npy", np.zeros(3))
    assert "BadZipFile" in refused(tmp_path / "one.npy")


def test_pickles_are_not_opened(network, tmp_path):
    path = tmp_path / "n.npz"
    rewritten(network, path, evil=np.array([{"a": 1}], object))
    assert "Object arrays cannot be loaded when allow_pickle=False" in refused(path)


def test_archives_that_unpack_to_gigabytes_stay_packed(tmp_path, monkeypatch):
    path = tmp_path / "n.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(1 << 20))
    monkeypatch.setattr(store, "MAX_BYTES", 1 << 19)
    assert "1048576 bytes, more than 524288" in refused(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_load_or_are_refused(network, tmp_path, data):
    stored = tmp_path / "whole.npz"
    if not stored.exists():
        store.save(network, stored)
    content = io.BytesIO(stored.read_bytes()).getbuffer()
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        store.load(path)
    except UserError as error:
        assert "\n" not in str(error)
