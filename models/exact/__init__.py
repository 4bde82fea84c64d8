"""Models fitted exactly, in float64."""
