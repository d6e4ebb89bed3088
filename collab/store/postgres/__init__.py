"""The store's contract on PostgreSQL: one database for any number of nodes."""
