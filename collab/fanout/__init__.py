"""The fan-out between the nodes of a group."""
