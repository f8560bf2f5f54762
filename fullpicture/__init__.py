"""Fullpicture: the command that joins the agencies' side, the broker and the simulator."""

__version__ = "0.1.0"
