"""What the `collab` command does, one module per kind of work."""
