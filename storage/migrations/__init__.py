"""Alembic revisions, and the name of the newest, so that nobody has to load Alembic to compare."""

HEAD = "0007"
