"""Running DigitPad for others: API, corrections, training jobs, access, limits, logs, health."""
