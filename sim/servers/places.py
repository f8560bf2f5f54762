"""Where data and caches stand, as an ordinary user and as root."""

import os
import pwd
import shutil
from pathlib import Path

import platformdirs

from sim.errors import ServerStartError

CACHE_VARIABLE = "FULLPICTURE_CACHE"
MARKER = ".fullpicture-data"
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; this account is on every Debian."""


def is_root() -> bool:
    """Tell whether this process is root."""
    return os.geteuid() == 0


def data_folder() -> Path:
    """Choose the default folder for data; root's home is closed to the database's account."""
    if is_root():
        return Path("/var/lib/fullpicture")
    return Path(platformdirs.user_data_dir("fullpicture"))


def cache_folder() -> Path:
    """Choose the folder for what is downloaded."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    if is_root():
        return Path("/var/cache/fullpicture")
    return Path(platformdirs.user_cache_dir("fullpicture"))


def prepare(folder: Path, *, fresh: bool) -> Path:
    """Make a data folder, or empty one of ours.

    Raises:
        ServerStartError: It holds something that is not ours; it is left alone.
    """
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        msg = f"{folder} holds files that are not ours: choose another folder with --data"
        raise ServerStartError(msg)
    if fresh and marker.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return folder


def open_to_database(folder: Path) -> None:
    """Check that the database's account can reach a folder when we are root.

    Raises:
        ServerStartError: A parent is closed to it; its permissions are not widened for it.
    """
    if not is_root():
        return
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & 0o001:
            msg = (
                f"as root, PostgreSQL runs as '{UNPRIVILEGED}', who cannot enter {parent}: "
                "choose another folder with --data, for example /var/lib/fullpicture"
            )
            raise ServerStartError(msg)


def database_account() -> tuple[int, int] | None:
    """Give the account PostgreSQL runs as when we are root."""
    if not is_root():
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return entry.pw_uid, entry.pw_gid
