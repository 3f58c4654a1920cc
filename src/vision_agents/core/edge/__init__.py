"""Port: joining calls; and the in-process edge."""
