"""The format `ipynb`: notebooks as jupyter_ydoc's YNotebook, one module a question."""
