"""One PostgreSQL server for all store tests of a run; faults get one of their own."""

from tests.postgres import postgres as postgres
