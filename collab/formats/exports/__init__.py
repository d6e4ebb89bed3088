"""Documents in other formats than their own: copies for people, made from a file's bytes; nothing is ever read back."""
