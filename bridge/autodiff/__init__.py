"""Derivatives of plain R functions, which run on tensors."""
