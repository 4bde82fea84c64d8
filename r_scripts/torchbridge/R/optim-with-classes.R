# The functions of gen-optimizers.R and optim-ignite.R as R torch has them: with the classes of
# generators, and an R6 class for others to inherit from. (After those files, by its name.)
# Tests: test-optim-classes.R, test-optim-scheduler-classes.R.

# `make` stands in a list: R6 would take a function for a method, in another environment.
inheritable <- function(classes, parent, make) {
  R6::R6Class(
    classes,
    inherit = parent, lock_objects = FALSE, private = list(make = list(make)),
    parent_env = list2env(list(parent = parent), parent = topenv())
  )
}

for (name in c(names(optimizers), names(ignite_names))) {
  make <- get(name)
  classes <- if (is.null(attr(make, "class"))) c(name, "torch_optimizer_generator") else class(make)
  own <- inheritable(setdiff(classes, "torch_optimizer_generator"), PythonOptimizer, make)
  assign(name, structure(make, class = classes, Optimizer = own))
}

for (name in names(schedulers)) {
  make <- get(name)
  parent <- if (name == "lr_reduce_on_plateau") PlateauScheduler else PythonScheduler
  assign(name, structure(
    make,
    class = c(name, "lr_scheduler", "lr_scheduler_generator"),
    scheduler = inheritable(c(name, "lr_scheduler"), parent, make)
  ))
}
rm(name, make, classes, own, parent)
