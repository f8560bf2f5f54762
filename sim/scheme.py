"""An invented partnership on one folder: keys, directories, policies, settings, processes.

Two authorities, Northfield and Eastmere, that do not exist: their codes are unused, their
people are named after their posts. Everything is made the way a real partnership makes it,
with the same commands' own functions.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.sdk.keys import AgencyKeys
from broker import admin, settings, topics
from broker.clock import utc_now
from broker.db import migrate
from broker.db.pool import open_pool
from broker.keys import ceremony, store
from broker.keys.file_kms import FileKms
from schemas.directory import Enrolment
from sim.servers.both import Servers
from sim.servers.process import ServerProcess, remembered_port

ROLES = ("correlate", "relay", "notify", "console")
READY_TIMEOUT_S = 2.0

SHARING = """\
version = "1"
reference = "Invented agreement of the demonstration"
valid_from = {valid_from}
valid_to = {valid_to}

# Content goes to social care, who lead. Schools learn of incidents at home, and of little else.
"""
CLAUSE = """
[[clauses]]
source = "{source}"
recipient = "{recipient}"
kinds = [{kinds}]
disclose = "{disclose}"
"""
CLAUSES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("police", "social_care", ("*",), "content"),
    ("health", "social_care", ("*",), "content"),
    ("education", "social_care", ("*",), "content"),
    ("police", "education", ("domestic_abuse",), "content"),
    ("police", "education", ("missing",), "existence"),
    ("social_care", "education", ("other",), "existence"),
    ("social_care", "health", ("other",), "existence"),
)


@dataclass(frozen=True, slots=True)
class Agency:
    """An invented agency and its one system."""

    id: str
    name: str
    sector: str
    system: str
    la_code: str


AGENCIES = (
    Agency("northfield-police", "Northfield Police", "police", "records", "660"),
    Agency("northfield-health", "Northfield Children's Hospital", "health", "pas", "660"),
    Agency("northfield-school", "Northfield Primary School", "education", "mis", "660"),
    Agency("northfield-csc", "Northfield Children's Social Care", "social_care", "cms", "660"),
    Agency("eastmere-csc", "Eastmere Children's Social Care", "social_care", "cms", "661"),
)
SCHOOL_URN = "900001"

_PEOPLE: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    # id, name, agency, role, la, deputy, manager
    (
        "nf-sw-1",
        "Social Worker One",
        "northfield-csc",
        "social_worker",
        "660",
        "nf-sw-2",
        "nf-tm-1",
    ),
    (
        "nf-sw-2",
        "Social Worker Two",
        "northfield-csc",
        "social_worker",
        "660",
        "nf-sw-1",
        "nf-tm-1",
    ),
    ("nf-tm-1", "Team Manager One", "northfield-csc", "team_manager", "660", "nf-tm-2", ""),
    ("nf-tm-2", "Team Manager Two", "northfield-csc", "team_manager", "660", "nf-tm-1", ""),
    ("nf-fd-1", "Front Door Worker", "northfield-csc", "front_door", "660", "", "nf-tm-1"),
    ("nf-dsl-1", "Safeguarding Lead", "northfield-school", "safeguarding_lead", "", "", ""),
    ("nf-audit-1", "Auditor", "northfield-csc", "auditor", "660", "", ""),
    ("em-sw-1", "Eastmere Social Worker", "eastmere-csc", "social_worker", "661", "", "em-tm-1"),
    ("em-tm-1", "Eastmere Team Manager", "eastmere-csc", "team_manager", "661", "", ""),
    ("em-fd-1", "Eastmere Front Door Worker", "eastmere-csc", "front_door", "661", "", "em-tm-1"),
)
_DESKS = (
    ("nf-front-door", "Northfield front door", "northfield-csc", "660", ("nf-fd-1", "nf-tm-1")),
    ("em-front-door", "Eastmere front door", "eastmere-csc", "661", ("em-fd-1", "em-tm-1")),
)


class Scheme:
    """The partnership on its folder, and the processes that serve it."""

    def __init__(
        self,
        folder: Path,
        servers: Servers,
        *,
        agencies: Sequence[Agency] = AGENCIES,
        smtp_port: int = 25,
        quick: bool = False,
    ) -> None:
        """Choose the folder; nothing is made yet.

        Args:
            folder: Of the scheme; made when missing.
            servers: The embedded Kafka and PostgreSQL.
            agencies: Who takes part.
            smtp_port: Where the local mail sink listens.
            quick: Shorten the adapters' waits, for runs where processes are killed.
        """
        self.folder = folder
        self.servers = servers
        self.agencies = tuple(agencies)
        self._smtp_port = smtp_port
        self._quick = quick
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ports").mkdir(exist_ok=True)
        self.roles = {
            role: ServerProcess(f"role {role}", folder / f"{role}.pid", folder / f"{role}.log")
            for role in ROLES
        }
        self.adapters = {
            agency.id: ServerProcess(
                f"adapter {agency.id}",
                self.home(agency.id) / "adapter.pid",
                self.home(agency.id) / "adapter.log",
            )
            for agency in self.agencies
        }

    @staticmethod
    def principals(agencies: Sequence[Agency] = AGENCIES) -> list[str]:
        """Kafka's users for the agencies."""
        return [agency.id for agency in agencies]

    def home(self, agency: str) -> Path:
        """An agency's own folder."""
        return self.folder / "agencies" / agency

    def inbox(self, agency: str) -> Path:
        """The folder an agency's adapter watches."""
        return self.home(agency) / "files"

    def config(self, agency: str) -> Path:
        """An agency's settings file."""
        return self.home(agency) / "agency.toml"

    @property
    def broker_config(self) -> Path:
        """The broker's settings file."""
        return self.folder / "broker.toml"

    @property
    def console_url(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self._port('console')}"

    def metrics_url(self, role: str) -> str:
        """Where a role's metrics and health are."""
        return f"http://127.0.0.1:{self._port(f'metrics-{role}')}"

    def settings_of(self, role: str = "correlate") -> settings.Settings:
        """A role's settings, for tests and tools in this process."""
        return settings.Settings.model_validate(
            {
                "kafka": {
                    "bootstrap": self.servers.kafka.bootstrap,
                    "security": "scram-plaintext",
                    "username": role,
                    "password_file": self.servers.kafka.password_file(role),
                },
                "database": {"url": self.servers.postgres.url},
                "keys": {"folder": self.folder / "keys", "directory": self.folder / "directory"},
                "policy": {
                    "sharing": self.folder / "policy" / "sharing.toml",
                    "practitioners": self.folder / "policy" / "practitioners.toml",
                },
                "console": {"port": self._port("console"), "base_url": self.console_url},
            }
        )

    async def prepare(self) -> None:
        """Make what is missing: keys, directories, policies, topics, grants, schema.

        The servers must be running. A second call on the same folder changes nothing but
        the day's ingress keys.
        """
        now = utc_now()
        keys, directory = self.folder / "keys", self.folder / "directory"
        for agency in self.agencies:
            self._write_agency(agency)
        if not (keys / store.KMS_FILE).exists():
            await ceremony.initialise(keys, directory, now=now)
            ceremony.enrol(keys, directory, self._enrolments(), now=now)
        else:
            await ceremony.publish_ingress(keys, directory, FileKms(keys / store.KMS_FILE), now=now)
        self._write_policy(now.year)
        self._write_broker()
        pool = await open_pool(self.servers.postgres.url, size=1)
        async with pool.acquire() as connection:
            await migrate.migrate(connection)
        await pool.close()
        await self._topics()

    async def _topics(self) -> None:
        await admin.create(self.admin(), replication=1)
        pairs = [(agency.id, agency.sector) for agency in self.agencies]
        await asyncio.to_thread(self.servers.kafka.grant, topics.grants(pairs))

    def admin(self) -> settings.KafkaSettings:
        """Kafka's settings as its administrator."""
        return settings.KafkaSettings(
            bootstrap=self.servers.kafka.bootstrap,
            security="scram-plaintext",
            username="admin",
            password_file=self.servers.kafka.password_file("admin"),
        )

    # --- processes --------------------------------------------------------------------

    def start_role(self, role: str) -> None:
        """Start one role and wait until it says it is ready.

        Raises:
            ServerStartError: It ended, or was not ready in time.
        """
        url = f"{self.metrics_url(role)}/health/ready"
        self.roles[role].start(
            [*command(), "broker", role, "--config", str(self.broker_config)],
            ready=lambda: _answers(url),
            env={
                **os.environ,
                "FULLPICTURE_METRICS__PORT": str(self._port(f"metrics-{role}")),
                "FULLPICTURE_KAFKA__USERNAME": role,
                "FULLPICTURE_KAFKA__PASSWORD_FILE": str(self.servers.kafka.password_file(role))
                if role in {"correlate", "relay"}
                else "",
            },
        )

    def start_adapter(self, agency: str) -> None:
        """Start one agency's adapter."""
        self.adapters[agency].start(
            [*command(), "adapter", "run", "--config", str(self.config(agency))],
            ready=lambda: True,
        )

    def stop(self) -> None:
        """Stop every process of ours: adapters first, then roles."""
        for process in (*self.adapters.values(), *self.roles.values()):
            process.stop()

    # --- files ------------------------------------------------------------------------

    def _port(self, name: str) -> int:
        return remembered_port(self.folder / "ports" / name)

    def _enrolments(self) -> list[Enrolment]:
        return [
            AgencyKeys.generate(self.home(agency.id) / "keys").enrolment(
                agency=agency.id,
                name=agency.name,
                sector=agency.sector,
                sources=[f"urn:agency:{agency.id}:{agency.system}"],
            )
            for agency in self.agencies
        ]

    def _write_agency(self, agency: Agency) -> None:
        home = self.home(agency.id)
        home.mkdir(parents=True, exist_ok=True)
        self.inbox(agency.id).mkdir(exist_ok=True)
        lines = [
            f'agency = "{agency.id}"',
            f'name = "{agency.name}"',
            f'sector = "{agency.sector}"',
            f'system = "{agency.system}"',
            f'la_code = "{agency.la_code}"',
            'folder = "files"',
            'keys = "keys"',
            f'directory = "{self.folder / "directory"}"',
            'spool = "spool.sqlite"',
            "[kafka]",
            f'bootstrap = "{self.servers.kafka.bootstrap}"',
            'security = "scram-plaintext"',
            f'username = "{agency.id}"',
            f'password_file = "{self.servers.kafka.password_file(agency.id)}"',
            "[timing]",
            "poll_s = 0.2",
            f"receipt_wait_s = {5 if self._quick else 30}",
            f"heartbeat_s = {60 if self._quick else 300}",
        ]
        self.config(agency.id).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _write_policy(self, year: int) -> None:
        folder = self.folder / "policy"
        folder.mkdir(exist_ok=True)
        text = SHARING.format(valid_from=f"{year - 1}-01-01", valid_to=f"{year + 1}-12-31")
        for source, recipient, kinds, disclose in CLAUSES:
            text += CLAUSE.format(
                source=source,
                recipient=recipient,
                kinds=", ".join(f'"{kind}"' for kind in kinds),
                disclose=disclose,
            )
        (folder / "sharing.toml").write_text(text, encoding="utf-8")
        (folder / "practitioners.toml").write_text(_practitioners(), encoding="utf-8")

    def _write_broker(self) -> None:
        secret_file = self.folder / "keys" / "session.secret"
        if not secret_file.exists():
            secret_file.touch(mode=0o600)
            secret_file.write_text(secrets.token_urlsafe(32), encoding="ascii")
        sections: Mapping[str, Mapping[str, str | int | bool]] = {
            "kafka": {
                "bootstrap": self.servers.kafka.bootstrap,
                "security": "scram-plaintext",
                "username": "admin",
                "password_file": str(self.servers.kafka.password_file("admin")),
            },
            "database": {"url": self.servers.postgres.url},
            "keys": {
                "folder": str(self.folder / "keys"),
                "directory": str(self.folder / "directory"),
            },
            "policy": {
                "sharing": str(self.folder / "policy" / "sharing.toml"),
                "practitioners": str(self.folder / "policy" / "practitioners.toml"),
            },
            "mail": {"host": "127.0.0.1", "port": self._smtp_port, "tls": "none"},
            "console": {
                "port": self._port("console"),
                "base_url": self.console_url,
                "session_secret": secret_file.read_text(encoding="ascii"),
                "development_provider": True,
            },
        }
        lines: list[str] = []
        for name, values in sections.items():
            lines.append(f"[{name}]")
            for key, value in values.items():
                written = str(value).lower() if isinstance(value, bool) else value
                lines.append(f"{key} = {written if not isinstance(value, str) else _quoted(value)}")
        self.broker_config.touch(mode=0o600)
        self.broker_config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def command() -> list[str]:
    """The `fullpicture` command of this very environment."""
    return [sys.executable, "-m", "fullpicture"]


def _quoted(value: str) -> str:
    return "'" + value + "'"


def _practitioners() -> str:
    lines = ['version = "1"']
    for who, name, agency, role, la, deputy, manager in _PEOPLE:
        lines += [
            "[[practitioner]]",
            f'id = "{who}"',
            f'name = "{name}"',
            f'email = "{who}@{agency}.example"',
            f'agency = "{agency}"',
            f'role = "{role}"',
        ]
        optional = {"la_code": la, "deputy": deputy, "manager": manager}
        lines += [f'{key} = "{value}"' for key, value in optional.items() if value]
    for who, name, agency, la, members in _DESKS:
        lines += [
            "[[desk]]",
            f'id = "{who}"',
            f'name = "{name}"',
            f'email = "{who}@{agency}.example"',
            f'agency = "{agency}"',
            f'la_code = "{la}"',
            f"members = [{', '.join(_double(member) for member in members)}]",
        ]
    lines += [
        "[[school]]",
        f'urn = "{SCHOOL_URN}"',
        'name = "Northfield Primary School"',
        'agency = "northfield-school"',
        'lead = "nf-dsl-1"',
    ]
    return "\n".join(lines) + "\n"


def _double(value: str) -> str:
    return f'"{value}"'


def _answers(url: str) -> bool:
    try:
        with closing(httpx.Client(timeout=READY_TIMEOUT_S, trust_env=False)) as client:
            return client.get(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
