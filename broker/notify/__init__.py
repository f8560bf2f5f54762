"""Ring doorbells, remind, and pass an unanswered alert on; only a person closes it."""
