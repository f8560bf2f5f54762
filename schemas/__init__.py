"""The contract between agencies and the broker; imports nothing of ours."""
