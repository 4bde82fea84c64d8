# The functions of R's that a replay may have met: autodiff-replay.R asks.
# Tests: test-autodiff-replay.R.

# What gives the same for the same arguments, and does nothing else.
pure_functions <- c(
  "{", "(", "if", "for", "while", "repeat", "break", "next", "function", "return", "<-", "=", "[",
  "[[", "$", "[<-", "[[<-", "$<-", "&&", "||", "!", "+", "-", "*", "/", "^", "%%", "%/%", "%*%",
  "%o%", "%x%", "%in%", ":", "==", "!=", "<", ">", "<=", ">=", "&", "|", "xor", "isTRUE", "isFALSE",
  "abs", "sqrt", "exp", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "asin",
  "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sinpi", "cospi",
  "tanpi", "gamma", "lgamma", "digamma", "trigamma", "psigamma", "beta", "lbeta", "choose",
  "lchoose", "factorial", "lfactorial", "floor", "ceiling", "round", "signif", "trunc", "sign",
  "cumsum", "cumprod", "cummax", "cummin", "besselI", "besselJ", "besselK", "besselY",
  "sum", "prod", "max", "min", "range", "mean", "any", "all", "pmin", "pmax", "var", "sd", "cov",
  "cor", "median", "quantile", "weighted.mean", "mad", "IQR", "scale", "sweep", "fivenum",
  "c", "length", "names", "seq", "seq_len", "seq_along", "seq.int", "rep", "rep_len", "rep.int",
  "rev", "sort", "order", "rank", "which", "which.max", "which.min", "unlist", "list", "vector",
  "numeric", "double", "integer", "logical", "character", "complex", "matrix", "array", "dim",
  "nrow", "ncol", "NROW", "NCOL", "rbind", "cbind", "t", "aperm", "diag", "outer", "crossprod",
  "tcrossprod", "solve", "det", "determinant", "chol", "chol2inv", "backsolve", "forwardsolve",
  "kronecker", "svd", "qr", "qr.Q", "qr.R", "qr.coef", "qr.solve", "eigen", "norm", "toeplitz",
  "mahalanobis", "rowSums", "colSums", "rowMeans", "colMeans", "prop.table", "proportions",
  "upper.tri", "lower.tri", "row", "col", "apply", "sapply", "lapply", "vapply", "mapply", "Map",
  "Reduce", "Filter", "do.call", "tapply", "split", "unsplit", "ave", "rowsum", "table", "cut",
  "findInterval", "replace", "append", "head", "tail", "diff", "embed", "convolve", "fft", "filter",
  "anyNA", "lengths", "rle",
  "Re", "Im", "Mod", "Arg", "Conj", "is.na", "is.nan", "is.finite", "is.infinite", "is.null",
  "is.numeric", "is.matrix", "is.list", "is.vector", "is.function", "is.character", "is.factor",
  "is.array", "is.data.frame", "as.numeric", "as.double", "as.integer", "as.logical", "as.vector",
  "as.matrix", "as.list", "as.character", "as.factor", "factor", "levels", "nlevels", "paste",
  "paste0", "nchar", "setdiff", "union", "intersect", "unique", "match", "duplicated", "rownames",
  "colnames", "dimnames", "setNames", "drop", "invisible", "identity", "missing", "switch", "stop",
  "stopifnot", "ifelse", "identical", "data.frame", "expand.grid", "model.matrix", "dist",
  "max.col", "names<-", "dim<-", "dimnames<-", "colnames<-", "rownames<-", "diag<-", "length<-",
  "levels<-",
  "attr", "attr<-", "structure", "class", "class<-", "inherits", "unclass", "UseMethod",
  "NextMethod", "Recall", "Vectorize", "rapply", "combn", "tabulate", "complete.cases", "with",
  "crossprod", "dmvnorm", "dmultinom", "pi", "nargs", "isSymmetric", "zapsmall", "mode", "typeof",
  as.vector(outer(c("d", "p", "q"), c(
    "norm", "unif", "exp", "gamma", "beta", "t", "f", "chisq", "binom", "pois", "geom", "nbinom",
    "hyper", "lnorm", "logis", "cauchy", "weibull"
  ), paste0))
)
