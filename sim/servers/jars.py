"""Apache Kafka's jars: resolved by jgo, held to a committed list of digests before each start.

jgo writes digests into its lock and does not check them, and may resolve other versions
than asked for; so the list that counts is ours, `kafka-jars.sha256`.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from sim.errors import ServerStartError
from sim.servers.places import cache_folder

KAFKA_VERSION = "4.4.0"
COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
    "org.slf4j:slf4j-jdk14:1.7.36",
)
LOCK = "kafka-jars.sha256"
DOWNLOAD_TIMEOUT_S = 600


def locked() -> dict[str, str]:
    """Read the committed list: the digest of each jar, by file name."""
    text = (files("sim.servers") / LOCK).read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {name: digest for digest, name in rows}


def class_path() -> str:
    """Give Kafka's class path, downloading the jars the first time.

    Every jar is compared with the committed list at every call; once all are there and
    right, no network is used.

    Raises:
        ServerStartError: A download failed, or a jar is not the one that is listed.
    """
    folder = cache_folder() / f"kafka-{KAFKA_VERSION}"
    if not folder.exists():
        _download(folder)
    check(folder, locked())
    return ":".join(str(folder / name) for name in sorted(locked()))


def check(folder: Path, expected: dict[str, str]) -> None:
    """Compare a folder of jars with the list, jar by jar.

    Raises:
        ServerStartError: One is missing, altered, or not on the list.
    """
    present = {path.name: path for path in folder.glob("*.jar")}
    wrong = [f"{name} is missing" for name in expected if name not in present]
    wrong += [f"{name} is not on the list" for name in present if name not in expected]
    wrong += [
        f"{name} was altered"
        for name, path in present.items()
        if name in expected and _digest(path) != expected[name]
    ]
    if wrong:
        msg = (
            f"Kafka does not start: {'; '.join(sorted(wrong))}. "
            f"Delete the folder {folder} to download it again; if it happens again, tell us"
        )
        raise ServerStartError(msg)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(folder: Path) -> None:
    """Resolve into a folder beside, and move it into place whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        _resolve(partial)
        jars = partial / "whole"
        jars.mkdir()
        for part in ("jars", "modules"):
            for path in (partial / "cache" / part).glob("*.jar"):
                shutil.copy2(path, jars / path.name)
        jars.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _resolve(partial: Path) -> None:
    coordinates = ", ".join(f'"{coordinate}"' for coordinate in COORDINATES)
    (partial / "jgo.toml").write_text(
        '[environment]\nname = "kafka"\n\n[repositories]\n\n'
        f"[dependencies]\ncoordinates = [{coordinates}]\n",
        encoding="utf-8",
    )
    options = {"resolver": "python", "cache-dir": partial / "cache", "repo-cache": partial / "m2"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "jgo", "--ignore-config", "--system-java", "--links", "copy"),
            *(f"--{name}={value}" for name, value in options.items()),
            "sync",
        ],
        cwd=partial,
        check=False,
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_TIMEOUT_S,
    )
    if done.returncode:
        tail = (done.stderr or done.stdout).strip().splitlines()[-3:]
        msg = (
            "Kafka could not be downloaded: check that this machine reaches a Maven repository, "
            f"then try again. The downloader said: {' / '.join(tail)}"
        )
        raise ServerStartError(msg)
