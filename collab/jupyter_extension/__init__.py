"""The Jupyter Server extension: an unmodified JupyterLab in the rooms of a livefolder server."""
