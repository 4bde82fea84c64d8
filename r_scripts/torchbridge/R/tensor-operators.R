# PyTorch's functions: torch_*, nnf_*, linalg_*, fft_*, special_*. gen-operators.R lists
# their names, generated from PyTorch itself (`make document`); what each argument is, the
# native core learns from PyTorch's schemas at the first call.

operator_function <- function(name) {
  # The name stands in the code as a constant: the core finds an operator by its address.
  eval(substitute(function(...) .External(op, name, ...), list(name = name)), entries)
}

for (name in operator_names) assign(name, operator_function(name))
rm(name)
