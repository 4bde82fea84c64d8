"""Training: fit -> epoch -> step, compiled steps, devices, precision, checkpoints."""
