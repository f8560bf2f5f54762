"""Publish an event and know what became of it: spool, seal, send, keep until the receipt."""
