"""R values and modules in files of safetensors: no file runs code."""
