# A package named torch, for packages that import it: torchbridge under that name, made on the spot.
# Tests: test-stand-in.R.

# The release of R's torch whose language this package speaks.
language_version <- "0.17.0"

#' A package named torch, for the packages that import it
#'
#' Packages on top of R's torch (luz, tabnet, brulee, cito, ...) say `torch::nn_linear` and
#' `Imports: torch`. `stand_in_for_torch()` puts a package of that name into a library of yours,
#' once; it is torchbridge under that name, so those packages then compute on Python's PyTorch,
#' unchanged. `remove_stand_in_for_torch()` takes it away again.
#'
#' The stand-in exports the functions of R's torch, with PyTorch's further ones of the same kinds
#' (`torch_*()`, `nn_*()`, `optim_*()`, ...): the very functions of this package, not copies. What
#' else torchbridge has stays `torchbridge::grad()`, `torchbridge::mlp()`, so that a package that
#' imports all of torch finds no other names than there. `torch:::name` reaches the rest. Its
#' version, `packageVersion("torch")`, is that of the R torch whose language is spoken. Help is
#' torchbridge's: `?nn_linear`.
#'
#' R's own torch and torchbridge have classes of the same names, with other things inside: one
#' session can have one of them, and loading torchbridge after R's torch is an error.
#'
#' @param library The R library to install into, or to remove from: a folder, made if need be. By
#'   default the first of [.libPaths()], where `install.packages()` installs.
#' @param replace Install over R's own torch, if that library has it? `FALSE` refuses. A stand-in
#'   that is there already is made anew without asking.
#' @return The folder of the stand-in, invisibly; that of the removed one, or `NULL` where there was
#'   none.
#' @examplesIf interactive()
#' stand_in_for_torch()
#' # Now library(torch) is torchbridge, for packages that import it, too.
#' remove_stand_in_for_torch()
#' @export
stand_in_for_torch <- function(library = .libPaths()[1L], replace = FALSE) {
  library <- checked_library(library)
  check_flag(replace, "replace")
  place <- file.path(library, "torch")
  if (!replace && has_package(place) && !is_stand_in(place)) {
    abort(
      sys.call(), "R's own torch is installed in ", library, ".\n",
      "Name another `library`, or install over it with `replace = TRUE`."
    )
  }
  source <- file.path(tempfile("stand-in-"), "torch")
  on.exit(unlink(dirname(source), recursive = TRUE))
  write_stand_in(source)
  ours <- dirname(getNamespaceInfo("torchbridge", "path"))
  call_python("install.install_package", source, library, as.list(unique(c(ours, .libPaths()))))
  warn_of_shadow(place)
  invisible(place)
}

#' @rdname stand_in_for_torch
#' @export
remove_stand_in_for_torch <- function(library = .libPaths()[1L]) {
  library <- checked_library(library)
  place <- file.path(library, "torch")
  if (!has_package(place)) return(invisible(NULL))
  if (!is_stand_in(place)) {
    abort(
      sys.call(), "The torch in ", library, " is R's own, not the stand-in.\n",
      "`remove.packages(\"torch\")` removes that one."
    )
  }
  if (unlink(place, recursive = TRUE) != 0L || dir.exists(place)) {
    abort(sys.call(), place, " can't be removed.")
  }
  invisible(place)
}

checked_library <- function(library, call = sys.call(-1L)) {
  check_string(library, "library", call)
  if (!nzchar(library)) abort(call, "`library` must be the path of a folder, not \"\".")
  if (file.exists(library) && !dir.exists(library)) {
    abort(call, "`library` must be a folder; ", library, " is a file.")
  }
  normalizePath(library, mustWork = FALSE)
}

has_package <- function(place) file.exists(file.path(place, "DESCRIPTION"))

# By a field of its own in DESCRIPTION, which R keeps.
stand_in_field <- "Config/torchbridge/stand-in"

is_stand_in <- function(place) {
  file <- file.path(place, "DESCRIPTION")
  file.exists(file) && stand_in_field %in% colnames(read.dcf(file))
}

write_stand_in <- function(folder) {
  dir.create(file.path(folder, "R"), recursive = TRUE)
  description <- data.frame(
    Package = "torch", Version = language_version,
    Title = "torchbridge Under the Name torch",
    Description = paste(
      "A stand-in for R's torch, made by torchbridge::stand_in_for_torch(): the functions of",
      "torchbridge, for packages that import torch."
    ),
    "Authors@R" = utils::packageDescription("torchbridge")[["Authors@R"]],
    Date = format(Sys.Date()), License = "MIT", Encoding = "UTF-8", Depends = "R (>= 4.2)",
    Imports = "torchbridge",
    field = as.character(utils::packageVersion("torchbridge")),
    check.names = FALSE
  )
  names(description)[names(description) == "field"] <- stand_in_field
  write.dcf(description, file.path(folder, "DESCRIPTION"))
  # importFrom: R CMD INSTALL then finds torchbridge missing by name.
  writeLines("importFrom(torchbridge, torch_tensor)", file.path(folder, "NAMESPACE"))
  writeLines(
    c(
      "# Exports are those of the torchbridge that is installed now.",
      ".onLoad <- function(libname, pkgname) torchbridge:::fill_stand_in(topenv())",
      ".onAttach <- function(libname, pkgname) torchbridge:::announce_stand_in()"
    ),
    file.path(folder, "R", "torch.R")
  )
}

# When the stand-in is loaded: what this package exports becomes its own as it is, promises of
# functions that nobody has read yet among it; the rest is looked up when torch::: asks for it.
fill_stand_in <- function(namespace) {
  ours <- topenv()
  exported <- getNamespaceExports(ours)
  importIntoEnv(namespace, exported, ours, exported)
  inner <- setdiff(ls(ours, all.names = TRUE), c(exported, ls(namespace, all.names = TRUE)))
  lapply(inner, function(name) {
    delayedAssign(name, get(name, envir = ours), assign.env = namespace)
  })
  take_from_coro(namespace)
  namespaceExport(namespace, language(exported))
}

# R's torch hands on coro's functions. Where coro is installed, so does the stand-in: a package that
# imports both then finds one function of that name.
take_from_coro <- function(namespace) {
  package <- "coro"
  if (requireNamespace(package, quietly = TRUE)) {
    names <- c("as_iterator", "loop", "yield")
    importIntoEnv(namespace, names, asNamespace(package), names)
  }
}

announce_stand_in <- function() {
  packageStartupMessage(
    "torch: this is torchbridge ", getNamespaceVersion("torchbridge"), " in its place ",
    "(`torchbridge::stand_in_for_torch()`), in the language of R's torch ", language_version, "."
  )
  announce_python()
}

# Those that R's torch has, or could have: what is a package's own or masks one of R's stays behind.
language <- function(names) {
  kinds <- c(
    "torch", "nn", "nnf", "optim", "lr", "linalg", "fft", "special", "distr", "jit", "autograd",
    "cuda", "backends", "is", "with", "local", "ignite"
  )
  words <- c(
    "%>%", "OptimizerIgnite", "as_array", "as_iterator", "buffer_from_torch_tensor",
    "call_torch_function", "clone_module", "contrib_sort_vertices", "cpu_cache_flush", "dataloader",
    "dataloader_make_iter", "dataloader_next", "dataset", "dataset_subset", "enumerate",
    "get_install_libs_url", "install_torch", "install_torch_from_file", "install_torch_sitrep",
    "iterable_dataset", "jit_ops", "load_state_dict", "loop", "optimizer", "optimizer_ignite",
    "sampler", "set_autocast", "set_cpu_allocator_config", "slc", "tensor_dataset",
    "unset_autocast", "yield"
  )
  of_kind <- grepl(paste0("^(", paste(kinds, collapse = "|"), ")_"), names)
  names[of_kind | names %in% words]
}

# library() takes the first torch that it finds.
warn_of_shadow <- function(place) {
  first <- find.package("torch", quiet = TRUE)
  if (length(first) > 0L && normalizePath(first) != normalizePath(place)) {
    message("torchbridge: library(torch) still finds the torch in ", dirname(first), " first.")
  }
}

# R's own torch, whose classes have these names and other things inside, would get this package's
# methods, and this package's tensors its. A hook can't refuse a package that is loaded later.
refuse_other_torch <- function() {
  why <- paste(
    "R's torch and torchbridge have classes of the same names, and one session can have one of",
    "them only.\nRestart R, and load one. `torchbridge::stand_in_for_torch()` makes a package",
    "torch that is torchbridge."
  )
  if (isNamespaceLoaded("torch") && !is_stand_in(getNamespaceInfo("torch", "path"))) {
    abort(NULL, "R's torch is loaded. ", why)
  }
  setHook(packageEvent("torch", "onLoad"), function(name, place) {
    if (!is_stand_in(place)) {
      warning("R's torch was loaded beside torchbridge. ", why, call. = FALSE)
    }
  })
}

# --- what packages ask of the inside of R's torch, as torch:::name ------------------------------

is_torch_tensor <- function(x) is_tensor(x)

# How many numbers the parameters of a module have.
get_parameter_count <- function(self) {
  sum(vapply(self$parameters, function(parameter) prod(parameter$shape), 0))
}
