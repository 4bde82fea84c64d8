"""The search for good options, by Optuna."""
