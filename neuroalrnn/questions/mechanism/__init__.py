"""Questions about what networks compute and with what, one per file."""
