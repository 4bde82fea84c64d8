"""R torch's language on PyTorch: operators, modules, optimizers, data."""
