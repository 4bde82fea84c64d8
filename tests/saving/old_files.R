# Files that version 0.1.0 wrote (version-0.1.0/written.R) say what they said then. From either host.

library(torchbridge)

files_are_read <- function(folder) {
  old <- function(name) readRDS(file.path(folder, name))
  then <- old("expected.rds")
  x <- torch_tensor(then$x)
  same <- function(found, wanted) {
    if (inherits(found, "torch_tensor")) found <- as.array(found)
    # Another processor may sum float32 in another order.
    difference <- all.equal(unname(found), unname(wanted), tolerance = 1e-5)
    if (!isTRUE(difference)) stop("a saved object differs: ", difference)
  }

  same(old("layers.rds")(x), then$layers)
  same(old("recurrent.rds")(torch_tensor(array(1:6 / 4, c(1, 2, 3))))[[1]], then$recurrent)
  same(old("nested.rds")(x), then$nested)
  same(torch_load(file.path(folder, "layers.pt"))(x), then$layers)

  written <- old("written.rds")
  same(written(x), then$written)
  same(written$twice(x), then$twice)
  stopifnot(written$width == 2, written$label == "a field", !is.null(capture.output(print(written))))
  written$load_state_dict(torch_load(file.path(folder, "state.pt")))
  same(written(x), then$written)

  values <- torch_load(file.path(folder, "values.pt"))
  stopifnot(
    as.array(values$a) == then$x, identical(values$b, list(1:3, "text", TRUE)),
    identical(values$f, factor(c("u", "v")))
  )
  objects_are_there(old("objects.rds"))

  for (name in names(then$predictions)) {
    fit <- old(paste0("fit-", name, ".rds"))
    same(predict(fit, then$data), then$predictions[[name]])
    stopifnot(identical(capture.output(print(fit)), then$printed[[name]]))
    summary(fit)
  }
  same(coef(old("mle.rds")), then$coef)
  stopifnot(inherits(old("path.rds"), "torch_path"))
  length(then$predictions)
}

# What Python has by name: the same objects as today's.
objects_are_there <- function(objects) {
  models <- py_import("torchbridge.models")
  bridge <- py_import("torchbridge")
  same <- function(x, y) py_import("operator")$is_(x, y)
  stopifnot(
    objects$dtype == torch_float64(), objects$device == torch_device("cpu"),
    same(objects$mlp, models$mlp), same(objects$fit, models$fit),
    same(objects$predict, models$predict), same(objects$tabular, models$Tabular),
    same(objects$glm, models$fit_glm), same(objects$callback, models$Callback),
    same(objects$relu, py_import("torch")$relu), same(objects$handle, bridge$to_torch),
    same(objects$error, bridge$RError), same(objects$grad, bridge$autograd$grad),
    same(objects$data, py_import("torchbridge.data")$RDataset)
  )
}
