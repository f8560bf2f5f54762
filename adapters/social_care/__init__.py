"""From social care records to events; pure."""
