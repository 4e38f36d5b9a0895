"""Services for a server: API, corrections, training jobs, access, limits, logs, health checks."""
