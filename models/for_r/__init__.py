"""What R's `torch_fit()`, `torch_path()` and `torch_tune()` call."""
