# Matrices of the package Matrix beside tensors: their products, with gradients.

# S4 looks for methods before S3 does, and Matrix has some for any class: they make numbers of a
# tensor. Before R 4.4 its crossprod(), diag(), ... also hide those of this package where it is
# attached later. So they have methods for tensors, once Matrix is there.
define_matrix_methods <- function() {
  # The methods stand in an environment of their own: the namespaces are locked by then. Beyond it
  # lie the generics.
  where <- new.env(parent = asNamespace("Matrix"))
  assign(".packageName", "torchbridge", envir = where)
  methods::setOldClass(c("torch_numeric", "torch_tensor", "python_object"), where = where)
  of_two <- list(
    "%*%" = function(x, y) matrix_product(x, y),
    crossprod = function(x, y = NULL, ...) {
      check_no_dots(...)
      cross_product(x, y)
    },
    tcrossprod = function(x, y = NULL, ...) {
      check_no_dots(...)
      cross_product(x, y, transposed = TRUE)
    }
  )
  for (name in names(of_two)) {
    method <- of_two[[name]]
    for (class in c("Matrix", "sparseVector", "ANY")) {
      methods::setMethod(name, c(class, "torch_tensor"), method, where = where)
      methods::setMethod(name, c("torch_tensor", class), method, where = where)
    }
    methods::setMethod(name, c("torch_tensor", "torch_tensor"), method, where = where)
  }
  of_one <- setdiff(intersect(names(masks), getNamespaceExports("Matrix")), names(of_two))
  for (name in of_one) methods::setMethod(name, "torch_tensor", masks[[name]], where = where)
}

# An operand of a product with a tensor. An S4 matrix takes the tensor's dtype, and stays sparse
# beside a plain one: what vmap() makes of tensors has no sparse products.
matrix_operand <- function(x, tensor) {
  if (!isS4(x)) return(x)
  sparse <- inherits(x, "dgCMatrix") && !is_torch_numeric(tensor)
  if (!sparse) {
    methods::validObject(x) # Matrix's own conversions trust it
    x <- if (length(dim(x)) == 2L) as.matrix(x) else as.vector(x)
  }
  if (is_torch_numeric(tensor)) return(x)
  api("as_torch_tensor", x, tensor$dtype, tensor$device, FALSE, "error")
}
