"""From health records to events; pure."""
