"""Running DigitPad for others: HTTP API, corrections, training jobs, access, limits, logs, checks."""
