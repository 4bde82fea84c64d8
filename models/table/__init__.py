"""Columns and formulas in, a fitted model out; the registry of the models with names."""
