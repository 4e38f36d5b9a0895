"""Pages of the owner: corrections and training."""
