"""Who asks, and what may they do: tokens, open mode, origins, revocations, colours."""
