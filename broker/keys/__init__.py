"""Keys at rest: the key service, each child's data key, and the sealing of one record."""
