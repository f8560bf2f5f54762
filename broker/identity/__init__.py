"""Which child is this event about: same, new, or ask a person."""
