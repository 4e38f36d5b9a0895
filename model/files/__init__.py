"""The files of training runs, and which run is served."""
