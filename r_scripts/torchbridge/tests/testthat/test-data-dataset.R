skip_without_python()

squares <- dataset(
  "squares",
  initialize = function(n, offset = 0) {
    self$n <- n
    self$offset <- offset
  },
  .getitem = function(i) list(x = i + self$offset, y = i^2),
  .length = function() self$n
)

# ---- dataset() ----

test_that("a generator makes datasets from its arguments", {
  ds <- squares(5, offset = 10)
  expect_s3_class(ds, c("squares", "dataset"), exact = FALSE)
  expect_identical(length(ds), 5L)
  expect_identical(ds[2], list(x = 12, y = 4))
  expect_identical(ds$.getitem(3), list(x = 13, y = 9))
  expect_identical(ds$offset, 10)
  expect_match(message_of(squares(5, ofset = 1)), "unused argument")
})

test_that("classes inherit, and know self, super and private", {
  counted <- dataset(
    "counted",
    inherit = squares,
    initialize = function(n) {
      super$initialize(n, offset = 100)
      private$calls <- 0
    },
    .getitem = function(i) {
      private$calls <- private$calls + 1
      super$.getitem(i)
    },
    private = list(calls = NULL),
    active = list(used = function() private$calls)
  )
  ds <- counted(3)
  expect_identical(class(ds)[1:3], c("counted", "squares", "dataset"))
  expect_identical(ds[1], list(x = 101, y = 1))
  ds[2]
  expect_identical(ds$used, 2)
  expect_null(ds$calls)
  expect_identical(length(ds), 3L)
})

test_that("methods find what is around the definition", {
  make <- local({
    shift <- 7
    dataset(.getitem = function(i) i + shift, .length = function() 2)
  })
  expect_identical(make()[1], 8)
  expect_s3_class(make(), "dataset")
})

test_that("x[i] uses .getbatch where there is one, x[[i]] .getitem", {
  both <- dataset(
    .getitem = function(i) paste("item", i), .getbatch = function(i) paste("batch", i),
    .length = function() 4
  )()
  expect_identical(both[2], "batch 2")
  expect_identical(both[2:3], c("batch 2", "batch 3"))
  expect_identical(both[list(2, 3)], c("batch 2", "batch 3"))
  expect_identical(both[[2]], "item 2")
  expect_identical(both[[".length"]](), 4)
  expect_match(message_of(both[[2:3]]), "`i` must be one number")
  expect_match(message_of(both[[5]]), "there is no item 5")
  only_batch <- dataset(.getbatch = function(i) i * 10, .length = function() 4)()
  expect_identical(only_batch[2], 20)
  only_item <- dataset(.getitem = function(i) i * 10, .length = function() 4)()
  expect_identical(only_item[2:3], c(20, 30))
})

test_that("indices outside and of the wrong kind are errors", {
  ds <- squares(5)
  expect_identical(message_of(ds[6]), "`i` must be from 1 to 5: there is no item 6.")
  expect_identical(message_of(ds[0]), "`i` must be from 1 to 5: there is no item 0.")
  expect_identical(message_of(ds[-1]), "`i` must be from 1 to 5: there is no item -1.")
  expect_match(message_of(ds[1.5]), "must be whole numbers")
  expect_match(message_of(ds["a"]), "must be whole numbers, not a string")
})

test_that("items can be had of a dataset that does not know how many it has", {
  # dim() of a vector is NULL.
  unsized <- dataset("unsized", .getitem = function(i) 10 * i, .length = function() dim(1:3)[1])()
  expect_identical(unsized[2], 20)
  expect_identical(unsized[[3]], 30)
  some <- dataset_subset(unsized, c(1, 3))
  batches <- dataloader(some, batch_size = 2)
  expect_identical(length(batches), 1L)
  expect_equal(as.numeric(dataloader_next(dataloader_make_iter(batches))), c(10, 30))
})

test_that("what a class lacks or got wrong is said", {
  no_length <- dataset("no_length", .getitem = function(i) i)()
  expect_identical(message_of(length(no_length)), "This no_length has no `.length()` method.")
  no_item <- dataset("no_item", .length = function() 3)()
  expect_match(
    message_of(no_item[1]), "has neither a `.getitem()` nor a `.getbatch()`",
    fixed = TRUE
  )
  odd <- dataset("odd", .getitem = function(i) i, .length = function() "three")()
  expect_match(message_of(length(odd)), "must give a number of items, not a string")
  expect_identical(message_of(dataset("a", NULL, 3)), "Every method and field must have a name.")
  expect_match(message_of(dataset(3)), "`name` must be a single string")
  expect_identical(
    message_of(dataset("a", inherit = squares(3))),
    "`inherit` must be what dataset() gives, not a <squares> object."
  )
  expect_identical(
    message_of(dataset("a", private = list(1))), "`private` must be a list with names, not a list."
  )
})

test_that("datasets and generators print what they are", {
  expect_output(print(squares(1200)), "<squares> of 1,200 items", fixed = TRUE)
  expect_output(print(squares), "<dataset_generator> squares(n, offset)", fixed = TRUE)
})

# ---- tensor_dataset() ----

test_that("the items of a tensor_dataset are rows", {
  x <- tensor(matrix(1:6, 3))
  ds <- tensor_dataset(x = x, y = tensor(1:3, dtype = "int64"))
  expect_identical(length(ds), 3L)
  expect_named(ds[2], c("x", "y"))
  expect_identical(as.array(ds[2]$x), matrix(c(2, 5), 1))
  expect_identical(as.numeric(ds[[2]]$x), c(2, 5))
  expect_identical(dim(ds[[2]]$x), 2L)
  expect_identical(as.numeric(ds[[2]]$y), 2)
  expect_identical(as.array(ds[c(3, 1)]$x), matrix(c(3, 1, 6, 4), 2))
  expect_null(names(tensor_dataset(x)[1]))
  # A copy: what is done to an item does not change the data.
  with_no_grad(ds[1]$x$zero_())
  with_no_grad(ds[[1]]$x$zero_())
  expect_identical(as.array(x), matrix(as.numeric(1:6), 3))
})

test_that("tensor_dataset() says which tensor is wrong", {
  x <- tensor(matrix(1:6, 3))
  expect_identical(message_of(tensor_dataset()), "`...` must have at least one tensor.")
  expect_identical(message_of(tensor_dataset(x, 3)), "`..2` must be a tensor, not a number.")
  expect_identical(
    message_of(tensor_dataset(a = 1:3)), "`a` must be a tensor, not an integer vector."
  )
  expect_warning(
    uneven <- tensor_dataset(x = x, y = tensor(1:2)),
    "`y` has 2 rows, and `x` 3: the first tensor says how many items there are."
  )
  expect_length(uneven, 3L)
  expect_identical(
    message_of(tensor_dataset(tensor(1)$sum())), "`..1` must have rows: it has no dims."
  )
})

# ---- dataset_subset() ----

test_that("a subset has some items, in the order given", {
  sub <- dataset_subset(squares(10), c(7, 2, 2))
  expect_identical(length(sub), 3L)
  expect_identical(sub[1], list(x = 7, y = 49))
  expect_identical(sub[3], list(x = 2, y = 4))
  nested <- dataset_subset(sub, c(3, 1))
  expect_identical(nested[2]$x, 7)
  rows <- dataset_subset(tensor_dataset(tensor(c(10, 20, 30))), c(3, 1))
  expect_identical(as.numeric(rows[1:2][[1L]]), c(30, 10))
  expect_identical(length(dataset_subset(squares(3), integer())), 0L)
})

test_that("a subset has the classes of its dataset", {
  expect_identical(
    class(dataset_subset(squares(3), 1)), c("squares_subset", "dataset_subset", "dataset", "R6")
  )
  expect_identical(
    class(dataset_subset(tensor_dataset(tensor(1:3)), 1)),
    c("tensor_dataset_subset", "dataset_subset", "dataset", "R6")
  )
  first <- dataset("first", inherit = dataset_subset, .getitem = function(i) super$.getitem(1))
  expect_identical(first(squares(3), c(2, 3))[2], list(x = 2, y = 4))
})

test_that("generators have R torch's classes and arguments", {
  expect_s3_class(squares, "dataset_generator", exact = TRUE)
  expect_identical(names(formals(squares)), c("n", "offset"))
  expect_s3_class(attr(squares, "Dataset"), "R6ClassGenerator")
  stream <- iterable_dataset("stream", .iter = function() NULL)
  expect_s3_class(stream, "iterable_dataset_generator", exact = TRUE)
  expect_identical(class(stream()), c("stream", "iterable_dataset", "R6"))
  late <- dataset(initialize = function(d, e = d + 1) self$d <- e, .length = function() self$d)
  expect_length(late(d = 2), 3L)
  expect_length(do.call(late, list(4)), 5L)
})

test_that("the state of a dataset are the tensors among its fields", {
  held <- dataset("held", initialize = function(x) {
    self$x <- x
    self$name <- "held"
  }, .length = function() 1)
  ds <- held(tensor(1:3))
  expect_named(ds$state_dict(), "x")
  other <- held(tensor(4:6))
  other$load_state_dict(ds$state_dict(), .refer_to_state_dict = TRUE)
  expect_identical(as.numeric(other$x), c(1, 2, 3))
  expect_match(message_of(other$load_state_dict(ds$state_dict())), "as they are", fixed = TRUE)
})

test_that("a subset has .getbatch where its dataset has", {
  expect_null(dataset_subset(squares(3), 1)$.getbatch)
  batched <- dataset(.getbatch = function(i) i * 10, .length = function() 4)()
  expect_identical(dataset_subset(batched, c(4, 2))[1:2], c(40, 20))
})

test_that("wrong subsets are refused", {
  expect_identical(
    message_of(dataset_subset(squares(3), 4)), "`indices` must be from 1 to 3: there is no item 4."
  )
  expect_match(message_of(dataset_subset(squares(3), 0.5)), "`indices` must be whole numbers")
  expect_match(message_of(dataset_subset(squares(3), NA)), "`indices` must be whole numbers")
  expect_identical(
    message_of(dataset_subset(squares, 1)), "`dataset` is a generator: call it to make a dataset."
  )
  expect_identical(
    message_of(dataset_subset(mtcars, 1)), "`dataset` must be a dataset, not a <data.frame> object."
  )
})
