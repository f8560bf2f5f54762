"""`fullpicture`: the broker's, the agencies' and the simulator's commands under one name."""

import typer

import fullpicture
from adapters.cli import app as adapter
from broker.cli import app as broker
from sim.cli import app as simulator

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=(
        "Every agency's piece, one child's picture, an alert a person answers. "
        "Exit codes: 0 well, 1 findings, 2 settings or usage, 3 a server is away."
    ),
)
app.add_typer(adapter, name="adapter")
for part in (broker, simulator):
    app.registered_commands += part.registered_commands
    app.registered_groups += part.registered_groups


@app.command()
def version() -> None:
    """Tell the version."""
    typer.echo(fullpicture.__version__)


def main() -> None:
    """Run the command."""
    app()
