"""The process that holds the socket and the data folder, and keeps the workers alive."""
