# Files that R's own torch wrote (r-torch-0.17/written.R) are what it saved.

library(torchbridge)

files_of_r_torch_are_read <- function(folder) {
  then <- readRDS(file.path(folder, "expected.rds"))
  x <- torch_tensor(then$x)
  packed <- function(name) {
    path <- file.path(folder, paste0(name, ".xz"))
    memDecompress(readBin(path, "raw", file.size(path)), "xz")
  }
  same <- function(found, wanted) {
    if (inherits(found, "torch_tensor")) found <- as.array(found)
    difference <- all.equal(unname(found), unname(wanted), tolerance = 1e-6)
    if (!isTRUE(difference)) stop("a saved object differs: ", difference)
  }

  net <- torch_load(packed("child"))
  invisible(capture.output(print(net)))
  same(net(x), then$child)
  stopifnot(
    identical(class(net), c("child", "base", "nn_module")), !net$training, net$twice == 4,
    identical(names(net$state_dict()), c("w", "b", "a.weight", "a.bias", "list.0.weight", "list.0.bias")),
    !net$w$requires_grad, net$a$weight$requires_grad, identical(net$act, torch_relu)
  )
  net$train()
  sum(net(x))$backward()
  stopifnot(!is.null(net$a$weight$grad))
  again <- torch_load(torch_serialize(net)) # it is one of ours
  same(again$eval()(x), then$child)
  refused <- function(code) conditionMessage(tryCatch(stop(code), error = identity))
  stopifnot(grepl("weights_only", refused(torch_load(packed("child"), weights_only = TRUE))))
  filled <- torch_load(packed("lstm"), module = nn_lstm(2, 3, 2, TRUE, TRUE, 0, TRUE), weights_only = TRUE)
  same(filled(x$unsqueeze(1))[[1]], then$lstm)

  same(torch_load(packed("closure"))(x), then$closure)
  same(torch_load(packed("doubled"))(x), then$doubled)
  same(torch_load(packed("layers"))(x), then$layers)
  same(torch_load(packed("lstm"))(x$unsqueeze(1))[[1]], then$lstm)
  same(torch_load(packed("module-2"))(x), then$closure2)
  connection <- rawConnection(packed("module-2"))
  same(torch_load(connection)(x), then$closure2)
  close(connection)

  numbers <- torch_load(packed("dataset"))
  stopifnot(length(numbers) == 3, as.array(numbers[2]) == 10, inherits(numbers, "dataset"))
  batches <- coro_free(dataloader(numbers, batch_size = 3))
  same(batches, c(5, 10, 15))

  at <- function(name) torch_load(file.path(folder, name))
  values <- at("values.pt")
  stopifnot(
    identical(names(values), c("a", "b", "g", "h", "", "half")),
    identical(as.array(values$a), 1:3), identical(as.array(values$b$c), c(TRUE, FALSE)),
    identical(values$b[c("d", "e", "f")], list(d = "x", e = NULL, f = 1:3)),
    identical(values$g$a, 1:2), values$h$requires_grad, as.array(values$h) == 2.5,
    identical(dim(values[[5]]), c(2L, 0L)), values$half$dtype == torch_half()
  )
  stopifnot(
    identical(as.array(at("complex.pt")), array(c(1 + 2i, 3))) ||
      identical(as.vector(as.array(at("complex.pt"))), c(1 + 2i, 3)),
    as.array(at("number.pt")) == 7, identical(as.vector(as.array(at("tensor-2.rds"))), c(1, 2)),
    identical(as.vector(as.array(at("tensor-1.rds"))), c(1, 2)),
    identical(at("exhausted-2.rds"), as.symbol(".__exhausted__."))
  )
  list2 <- at("list-2.rds")
  stopifnot(identical(as.vector(as.array(list2[[1]])), c(1L, 3L)), list2[[2]]$a == 2, as.array(list2[[2]]$b))

  w <- nn_parameter(torch_tensor(then$w))
  optimizer <- optim_adam(list(w), lr = 0.5)
  optimizer$load_state_dict(at("optimizer.pt"))
  stopifnot(optimizer$param_groups[[1]]$lr == 0.1)
  TRUE
}

coro_free <- function(loader) as.vector(as.array(dataloader_next(dataloader_make_iter(loader))))
