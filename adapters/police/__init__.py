"""From police records to events; pure."""
