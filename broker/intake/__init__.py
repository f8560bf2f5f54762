"""The door: verify, open, validate, once only. What can never be handled is quarantined."""
