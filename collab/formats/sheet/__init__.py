"""Spreadsheets: files of rows and columns as shared documents (docs/sheets.md), saved by splices."""
