"""What a model may refer to, found out before anything of it is run."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import helper

from jobs.engine.own import onnx_file
from jobs.engine.own.trouble import BadModel
from tests import own_models


def refusal(path: Path) -> str:
    with pytest.raises(BadModel) as refused:
        onnx_file.check(path)
    return refused.value.code


@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "../secret_key",
        "../models/m.onnx.data",
        "sub/m.onnx.data",
        "..\\secret_key",
        "C:\\secret_key",
        "db.sqlite3",
        "",
        ".",
    ],
)
def test_weights_from_elsewhere_are_refused(tmp_path: Path, place: str) -> None:
    path = own_models.external(tmp_path / "m.onnx", place)
    assert refusal(path) == "weights_elsewhere"


def test_a_link_to_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx.data").symlink_to("/etc/hostname")
    path = own_models.external(tmp_path / "m.onnx", "m.onnx.data")
    assert refusal(path) == "weights_elsewhere"


def test_weights_beside_the_model_are_taken(tmp_path: Path) -> None:
    path = own_models.external(tmp_path / "m.onnx", "m.onnx.data")
    assert refusal(path) == "weights_missing"
    (tmp_path / "m.onnx.data").write_bytes(bytes(4))
    onnx_file.check(path)


def test_weights_inside_a_branch_are_found(tmp_path: Path) -> None:
    weights = own_models.external(tmp_path / "i.onnx", "../x")
    inner = onnx.load(str(weights), load_external_data=False).graph
    del inner.input[:]
    branch = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    graph = helper.make_graph([branch], "outer", [], [])
    path = tmp_path / "m.onnx"
    path.write_bytes(helper.make_model(graph).SerializeToString())
    assert onnx_file.look_into(path).files == {"../x"}


def test_foreign_operators_are_refused(tmp_path: Path) -> None:
    alien = own_models.node("Magic", "input", domain="com.example")
    path = own_models.save(tmp_path / "m.onnx", [alien], opsets=own_models.FOREIGN)
    assert refusal(path) == "custom_operators"


def test_functions_of_the_file_itself_are_no_foreign_operators(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    ours = own_models.node("Ours", "input", domain="own")
    opsets = [*own_models.OPSETS, helper.make_opsetid("own", 1)]
    own_models.save(path, [ours], opsets=opsets)
    model = onnx.load(str(path))
    body = [helper.make_node("Relu", ["a"], ["b"])]
    model.functions.append(
        helper.make_function("own", "Ours", ["a"], ["b"], body, own_models.OPSETS)
    )
    path.write_bytes(model.SerializeToString())
    onnx_file.check(path)


@pytest.mark.parametrize("kept", [0, 1, 50])
def test_half_a_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = own_models.brighter(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:kept])
    assert refusal(path) == "not_onnx"


@pytest.mark.parametrize(
    "content", [b"\xff" * 4000, b"PK\x03\x04 a zip archive", b"\x3a\x80" * 200]
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert refusal(path) == "not_onnx"


def test_endless_nesting_is_refused(tmp_path: Path) -> None:
    """A graph in an attribute of a node of a graph, and so on."""
    inner = b""
    for _ in range(40):
        for tag in (0x32, 0x2A, 0x0A):
            length = len(inner)
            size = (
                bytes([length & 127 | 128, length >> 7])
                if length > 127
                else bytes([length])
            )
            inner = bytes([tag]) + size + inner
    size = bytes([len(inner) & 127 | 128, len(inner) >> 7])
    path = tmp_path / "m.onnx"
    path.write_bytes(b"\x3a" + size + inner)
    assert refusal(path) == "not_onnx"
