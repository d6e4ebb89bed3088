"""Files that are a zip of XML parts: opened within limits, saved by splices."""
