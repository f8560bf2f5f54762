"""From education records to events; pure."""
