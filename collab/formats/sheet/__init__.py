"""Owns spreadsheets: files to grids to shared documents and back."""
