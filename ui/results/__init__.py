"""The Dashboard page: reports, charts and comparisons of runs."""
