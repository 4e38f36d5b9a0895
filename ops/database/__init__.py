"""The databases that replicas share: a SQLite file, or PostgreSQL."""
