"""Values of any kind, both ways: what R functions take and give in Python."""
