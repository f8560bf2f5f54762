"""One server as a child process: started in a session of its own, stopped for certain."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.errors import ServerStartError

STOP_WAIT_S = 30
START_WAIT_S = 60
POLL_S = 0.05
TAIL_LINES = 15


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def remembered_port(file: Path) -> int:
    """Give the port of an earlier start; choose one the first time."""
    if file.exists():
        return int(file.read_text(encoding="utf-8"))
    port = free_port()
    file.write_text(str(port), encoding="utf-8")
    return port


def refuse_taken(port: int, server: str) -> None:
    """Check that a port is free.

    Raises:
        ServerStartError: Another program listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            msg = (
                f"port {port} for {server} is taken: stop the program that listens there, or "
                "start over with --fresh to choose another"
            )
            raise ServerStartError(msg) from None


class ServerProcess:
    """A started server and its pid file."""

    def __init__(self, name: str, pid_file: Path, log: Path) -> None:
        self.name = name
        self._pid_file = pid_file
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid if self._process else 0

    def start(
        self,
        command: Sequence[str],
        *,
        ready: Callable[[], bool],
        env: Mapping[str, str] | None = None,
        account: tuple[int, int] | None = None,
    ) -> None:
        """Start and wait until it answers.

        Raises:
            ServerStartError: It ended, or did not answer in time; the end of its log is quoted.
        """
        self.stop_left_over()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                # A session of its own: Ctrl-C is for us, and we stop the servers in order.
                start_new_session=True,
                user=account[0] if account else None,
                group=account[1] if account else None,
                extra_groups=[] if account else None,
            )
        self._pid_file.write_text(str(self._process.pid), encoding="utf-8")
        until = time.monotonic() + START_WAIT_S
        while not ready():
            if self._process.poll() is not None:
                msg = f"{self.name} ended at its start. The end of its log:\n{self.tail()}"
                raise ServerStartError(msg)
            if time.monotonic() > until:
                self.kill()
                msg = f"{self.name} did not answer in {START_WAIT_S} s:\n{self.tail()}"
                raise ServerStartError(msg)
            time.sleep(POLL_S)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop and wait; after a while, make it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_WAIT_S)
            self._process = None

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop_left_over(self) -> None:
        """Stop a server that an earlier run of ours left behind on the same data."""
        try:
            pid = int(self._pid_file.read_text(encoding="utf-8"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return
        if str(self._pid_file.parent).encode() in command:
            os.kill(pid, signal.SIGKILL)
            until = time.monotonic() + STOP_WAIT_S
            while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < until:
                try:
                    if not Path(f"/proc/{pid}/cmdline").read_bytes():
                        break
                except OSError:
                    break
                time.sleep(POLL_S)

    def tail(self) -> str:
        """Quote the end of the log; server logs hold no rows (settings of each server)."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])
