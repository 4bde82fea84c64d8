# Special functions of base R on tensors, inside a differentiated function.
# Tests: test-autodiff-rules.R.

# nolint start: object_name_linter.
constructs_of_special <- list(
  besselI = function(x, nu, expon.scaled = FALSE) {
    if (!is_tensor(x) && !is_tensor(nu)) return(base::besselI(x, nu, expon.scaled))
    bessel_rule("besselI", x, nu, expon.scaled)
  },
  besselK = function(x, nu, expon.scaled = FALSE) {
    if (!is_tensor(x) && !is_tensor(nu)) return(base::besselK(x, nu, expon.scaled))
    bessel_rule("besselK", x, nu, expon.scaled)
  },
  besselJ = function(x, nu) {
    if (!is_tensor(x) && !is_tensor(nu)) return(base::besselJ(x, nu))
    bessel_rule("besselJ", x, nu, FALSE)
  },
  besselY = function(x, nu) {
    if (!is_tensor(x) && !is_tensor(nu)) return(base::besselY(x, nu))
    bessel_rule("besselY", x, nu, FALSE)
  },
  log = function(x, base) {
    if (missing(base)) return(base::log(x))
    if (is_tensor(x) || is_tensor(base)) log_rule(x, base) else base::log(x, base)
  },
  atan2 = function(y, x) {
    if (is_tensor(y) || is_tensor(x)) rule("angle", lift(y), lift(x)) else base::atan2(y, x)
  },
  complex = function(length.out = 0, real = numeric(), imaginary = numeric(), modulus = 1,
                     argument = 0) {
    if (!any_tensor(real, imaginary, modulus, argument)) {
      if (missing(modulus) && missing(argument)) {
        return(base::complex(length.out, real, imaginary))
      }
      return(base::complex(length.out, real, imaginary, modulus, argument))
    }
    if (missing(modulus) && missing(argument)) {
      if (length(real) == 0L) real <- 0
      if (length(imaginary) == 0L) imaginary <- 0
      return(real + 1i * imaginary)
    }
    modulus * exp(1i * argument)
  },
  psigamma = function(x, deriv = 0L) {
    if (!is_tensor(x) && !is_tensor(deriv)) return(base::psigamma(x, deriv))
    if (is_tensor(deriv) || length(deriv) != 1L || is.na(deriv) || deriv < 0) {
      stop("`deriv` must be one number, 0 or more, where `x` is a tensor", call. = FALSE)
    }
    rule("psigamma", x, round(deriv))
  }
)
# nolint end

bessel_rule <- function(name, x, nu, scaled) {
  as_numeric(python_rule("bessel.bessel", name, lift(x), lift(nu), isTRUE(as.logical(scaled))))
}
