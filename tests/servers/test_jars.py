"""An altered jar refuses to start."""

import hashlib
from pathlib import Path

import pytest

from sim.errors import ServerStartError
from sim.servers import jars


def test_every_jar_is_locked_by_its_digest() -> None:
    assert len(jars.locked()) > 40
    assert all(len(digest) == 64 for digest in jars.locked().values())


def test_an_altered_jar_refuses_to_start(tmp_path: Path) -> None:
    jar = tmp_path / "one.jar"
    jar.write_bytes(b"bytes")
    expected = {"one.jar": hashlib.sha256(b"bytes").hexdigest()}
    jars.check(tmp_path, expected)
    jar.write_bytes(b"other")
    with pytest.raises(ServerStartError):
        jars.check(tmp_path, expected)


def test_a_jar_nobody_listed_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "stranger.jar").write_bytes(b"bytes")
    with pytest.raises(ServerStartError):
        jars.check(tmp_path, {})
