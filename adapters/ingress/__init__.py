"""From a source's own file to rows, and from rows to events with a report of what is wrong."""
