"""`python -m fullpicture` is the command."""

from fullpicture.cli import main

main()
