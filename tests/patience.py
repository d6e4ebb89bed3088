"""How long a test waits for something that must come. Only a failing one waits so long: loaded machines are slow."""

PATIENCE_S = 60.0
