"""Registry and journal behind one contract."""
