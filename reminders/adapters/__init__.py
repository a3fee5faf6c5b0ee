"""Outside things, one module each, and their twins in memory."""
