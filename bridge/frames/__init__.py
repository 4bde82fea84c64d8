"""R data frames <-> pandas, polars and Arrow frames."""
