"""What the operator sees of it all: where each day stands, what can still be had, who is told of a run."""
