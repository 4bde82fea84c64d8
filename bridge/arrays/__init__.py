"""R vectors and arrays <-> tensors, NumPy and SciPy arrays."""
