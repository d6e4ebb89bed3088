"""How the servers under test speak: one module per dialect, chosen by name."""
