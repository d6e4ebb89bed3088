"""Formulas: text of the files to references by ids and back, and their values."""
