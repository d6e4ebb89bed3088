"""Live documents with their connections, saver and merge."""
