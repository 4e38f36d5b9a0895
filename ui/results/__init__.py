"""The page Results and runs: reports, charts and comparisons of runs."""
