# Sparse symmetric positive definite matrices of one pattern and many values: the Cholesky factor
# (CHOLMOD's, of package Matrix), its log-determinant, solutions, and the elements of the inverse
# at the pattern, which is all that the derivative of the log-determinant needs.
# Tests: test-mle-cholesky.R.

# What is known of the pattern alone. `row` and `column` (from 1, row >= column, no pair twice)
# must have the whole diagonal.
sparse_pattern <- function(row, column, n) {
  need_matrix()
  key <- pattern_keys(row, column, n)
  order <- base::order(key)
  pattern <- new.env(parent = emptyenv())
  pattern$n <- n
  pattern$keys <- key[order]
  pattern$matrix <- methods::new(
    methods::getClass("dsCMatrix", where = asNamespace("Matrix")), uplo = "L", Dim = c(n, n),
    i = as.integer(row[order] - 1L), p = c(0L, cumsum(tabulate(column, n))),
    x = rep(1, length(order))
  )
  pattern$diagonal <- pattern_at(pattern, seq_len(n), seq_len(n))
  pattern$row <- row[order]
  pattern$column <- column[order]
  pattern
}

# Where elements of a symmetric matrix stand among the values of its pattern.
pattern_at <- function(pattern, row, column) {
  match(pattern_keys(pmax(row, column), pmin(row, column), pattern$n), pattern$keys)
}

pattern_keys <- function(row, column, n) (column - 1) * n + row

# The factor of the matrix with these values; NULL where it is not positive definite.
sparse_cholesky <- function(pattern, values) {
  if (!all(is.finite(values))) return(NULL)
  matrix <- pattern$matrix
  matrix@x <- values
  # A matrix that is not positive definite is a warning and an error of CHOLMOD's.
  factor <- tryCatch(
    if (is.null(pattern$factor)) {
      Matrix::Cholesky(matrix, perm = is_reordered(pattern), LDL = FALSE, super = NA)
    } else {
      Matrix::update(pattern$factor, matrix)
    },
    error = function(e) NULL, warning = function(w) NULL
  )
  if (is.null(factor)) return(NULL)
  if (is.null(pattern$factor)) pattern$factor <- factor
  root <- lower_root(pattern, factor)
  diagonal <- root@x[root@p[seq_len(pattern$n)] + 1L]
  if (!all(is.finite(diagonal) & diagonal > 0)) return(NULL)
  list(pattern = pattern, factor = factor, root = root, log_determinant = 2 * sum(log(diagonal)))
}

# The factor as a matrix. From version 1.6 on Matrix gives the blocks of supernodes whole, with
# zeros above the diagonal; their places are left out, which are the pattern's.
lower_root <- function(pattern, factor) {
  root <- methods::as(factor, "CsparseMatrix")
  if (is.null(pattern$lower)) {
    column <- rep.int(seq_len(pattern$n), diff(root@p))
    pattern$lower <- which(root@i + 1L >= column)
    pattern$starts <- c(0L, cumsum(tabulate(column[pattern$lower], pattern$n)))
  }
  if (length(pattern$lower) == length(root@i)) return(root)
  root@x <- root@x[pattern$lower]
  root@i <- root@i[pattern$lower]
  root@p <- pattern$starts
  root
}

# A^-1 b, a vector or a matrix as b is.
cholesky_solve <- function(cholesky, b) {
  found <- as.matrix(Matrix::solve(cholesky$factor, b, system = "A"))
  if (is.null(dim(b))) drop(found) else found
}

# The elements of A^-1 at the pattern's places (K. Takahashi, J. Fagan and M. Chin, 1973, Formation
# of a sparse bus impedance matrix): Z = A^-1 has (Z L)[i, j] = 0 for i > j, and 1 / L[j, j] for
# i = j, so that a column of Z at the places of L follows from those of the columns to its right.
# The last columns of L are dense as a rule, and so is that corner of Z.
inverse_at_pattern <- function(cholesky) {
  plan <- inverse_plan(cholesky$pattern, cholesky$root)
  x <- cholesky$root@x
  if (!is.null(plan$kept)) {
    x <- x[plan$kept]
    x[is.na(x)] <- 0
  }
  values <- numeric(length(x))
  values[plan$corner] <- dense_inverse(x[plan$corner])
  for (level in plan$levels) {
    # For each element of these columns, the sum over the elements of its own column.
    sums <- sum_by(level$sum, values[level$inverse] * x[level$factor])
    diagonal <- x[level$diagonal]
    below <- -sums / diagonal[level$owner]
    values[level$below] <- below
    inner <- sum_by(level$within, below * x[level$below])
    values[level$diagonal] <- (1 / diagonal - inner) / diagonal
  }
  values[plan$of_pattern]
}

# ---- helpers ----

need_matrix <- function() {
  if (!requireNamespace("Matrix", quietly = TRUE)) {
    stop("random effects need R's recommended package Matrix: install it", call. = FALSE)
  }
}

# The order of work, from the factor's pattern: once a pattern. `kept` says where its elements are
# among the factor's: supernodes have others too, which are 0, and the corner has more (NA).
inverse_plan <- function(pattern, root) {
  if (!is.null(pattern$plan)) return(pattern$plan)
  n <- pattern$n
  exact <- exact_root(pattern, root)
  corner <- corner_column(diff(exact@p) - 1)
  columns <- seq_len(corner - 1L)
  filled <- with_full_corner(exact, corner)
  starts <- filled$starts
  sizes <- filled$sizes
  row <- filled$row
  keys <- pattern_keys(row, rep.int(seq_len(n), sizes), n)
  # Rows are in order within columns; most places are in the corner, whose columns are full.
  place <- function(i, j) {
    high <- pmax(i, j)
    low <- pmin(i, j)
    at <- starts[low] + (high - low)
    outside <- low < corner
    at[outside] <- findInterval(pattern_keys(high[outside], low[outside], n), keys)
    at
  }
  # A column is done after that of its first element below the diagonal.
  levels <- split(columns, elimination_depth(row, starts, sizes, corner)[columns])
  back <- integer(n)
  back[elimination_order(pattern$factor, n) + 1L] <- seq_len(n)
  known <- root_keys(root)
  pattern$plan <- list(
    kept = if (!identical(keys, known)) match(keys, known),
    corner = seq.int(starts[corner], length.out = length(row) - starts[corner] + 1L),
    levels = lapply(unname(levels), function(at) inverse_level(at, starts, sizes, row, place)),
    of_pattern = place(back[pattern$row], back[pattern$column])
  )
  pattern$plan
}

# From which column on the inverse is found as that of a dense matrix: where that is the least work.
corner_column <- function(below) which.min(inverse_work(below))

# The work of the inverse for each column that its corner may begin with. A column of k elements
# below the diagonal takes k^2 products by their places, one of which takes as long as some 500 of a
# dense matrix.
inverse_work <- function(below) {
  n <- length(below)
  by_places <- cumsum(c(0, below^2))[seq_len(n)]
  size <- n - seq_len(n) + 1
  500 * by_places + 20 * size^2 + size^3
}

# Is CHOLMOD's order of elimination taken, for few elements of the factor, or the variables' own?
# Random effects of many groups, each apart, leave a dense rest when they are eliminated first: it
# may have more elements, but takes fewer operations, for which there is BLAS.
is_reordered <- function(pattern) {
  if (is.null(pattern$is_reordered)) pattern$is_reordered <- is_reordered_better(pattern)
  pattern$is_reordered
}

is_reordered_better <- function(pattern) {
  n <- pattern$n
  # The first ones, that are apart (or near: several effects of a group), and the rest.
  far <- pattern$row - pattern$column >= 8L
  first <- min(pattern$row[far], n + 1L) - 1L
  if (first < n / 2 || first * (n - first) > 3e7) return(TRUE)
  work <- vapply(c(TRUE, FALSE), function(reorder) {
    min(inverse_work(diff(root_of_pattern(pattern, reorder)@p) - 1))
  }, 0)
  work[1L] <= work[2L]
}

# The factor's pattern with all rows in the columns from `corner` on.
with_full_corner <- function(exact, corner) {
  n <- nrow(exact)
  before <- exact@p[corner]
  full <- n - seq.int(corner, n) + 1L
  sizes <- c(diff(exact@p)[seq_len(corner - 1L)], full)
  row <- c(exact@i[seq_len(before)] + 1L, sequence(full, seq.int(corner, n)))
  list(row = row, sizes = sizes, starts = cumsum(c(1L, sizes))[seq_len(n)])
}

root_keys <- function(root) {
  n <- nrow(root)
  pattern_keys(root@i + 1, rep.int(seq_len(n), diff(root@p)), n)
}

# The factor's pattern without what supernodes add, in the same order of columns.
exact_root <- function(pattern, root) {
  factor <- root_of_pattern(pattern, is_reordered(pattern))
  if (!identical(attr(factor, "perm"), elimination_order(pattern$factor, pattern$n))) return(root)
  factor
}

root_of_pattern <- function(pattern, reorder) {
  matrix <- pattern$matrix
  matrix@x[pattern$diagonal] <- tabulate(c(pattern$row, pattern$column), pattern$n)
  factor <- Matrix::Cholesky(matrix, perm = reorder, LDL = FALSE, super = FALSE)
  structure(methods::as(factor, "CsparseMatrix"), perm = elimination_order(factor, pattern$n))
}

# From version 1.6 on Matrix gives none where it is the variables' own.
elimination_order <- function(factor, n) {
  if (length(factor@perm) == n) factor@perm else seq_len(n) - 1L
}

# How far each column is from the corner, in the elimination tree.
elimination_depth <- function(row, starts, sizes, corner) {
  depth <- integer(length(starts))
  for (j in rev(seq_len(corner - 1L))) {
    depth[j] <- if (sizes[j] > 1L) depth[row[starts[j] + 1L]] + 1L else 1L
  }
  depth
}

# Places, among the factor's values, of what the columns `at` take and give.
inverse_level <- function(at, starts, sizes, row, place) {
  inner <- sizes[at] - 1L
  owner <- rep.int(seq_along(at), inner)
  below <- starts[at][owner] + sequence(inner)
  count <- inner[owner]
  first <- rep.int(seq_along(below), count)
  factor <- rep.int(starts[at][owner], count) + sequence(count)
  list(
    diagonal = starts[at], below = below, owner = owner, factor = factor,
    inverse = place(row[below[first]], row[factor]),
    sum = grouping(first, length(below)), within = grouping(owner, length(at))
  )
}

# How values are summed by group, where groups are in order: they are sums themselves where each
# group has one, as in the long chains of series in time; few are not worth a matrix.
grouping <- function(group, groups) {
  if (identical(group, seq_len(groups))) return(NULL)
  if (length(group) < 1000L && !anyNA(match(seq_len(groups), group))) return(group)
  grouped_sum(group, groups)
}

sum_by <- function(how, x) {
  if (is.null(how)) return(x)
  if (isS4(how)) drop(as.matrix(how %*% x)) else as.vector(base::rowsum(x, how, reorder = FALSE))
}

# The matrix whose product with a vector sums its elements by group.
grouped_sum <- function(group, groups) {
  Matrix::sparseMatrix(
    i = group, p = c(0L, seq_along(group)), x = 1, dims = c(groups, length(group)), repr = "C"
  )
}

# Of a dense lower triangle, column by column: that of the inverse of L L'.
dense_inverse <- function(x) {
  size <- as.integer((sqrt(8 * length(x) + 1) - 1) / 2)
  if (size == 0L) return(numeric())
  lower <- base::matrix(0, size, size)
  inside <- lower.tri(lower, diag = TRUE)
  lower[inside] <- x
  # (R's own BLAS may be many times slower than PyTorch's.)
  inverse <- if (size > 100L) {
    plain_values(call_python("decompositions.inverse_from_root", as_torch_tensor(lower)))
  } else {
    chol2inv(t(lower))
  }
  inverse[inside]
}
