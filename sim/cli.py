"""`fullpicture demo`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from schemas.errors import FullpictureError
from sim import demo as demonstration
from sim.servers.places import data_folder

EXIT_FINDINGS = 1
EXIT_CONFIG = 2

app = typer.Typer()
err = Console(stderr=True)


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Where everything stands.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check every story's end, then stop.")
    ] = False,
    week_s: Annotated[float, typer.Option(min=0, max=600, help="Seconds a week takes.")] = 2.0,
) -> None:
    """Play invented families' stories through real servers, and show what happens."""
    folder = data or data_folder()
    try:
        ok = asyncio.run(
            demonstration.run(folder, fresh=fresh, check=check, week_s=0.2 if check else week_s)
        )
    except FullpictureError as error:
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(EXIT_CONFIG) from None
    except KeyboardInterrupt:
        ok = True
    raise typer.Exit(0 if ok else EXIT_FINDINGS)
