# Packages from a folder of checkouts, built into R's first library.
#
# Sourced by run.R and book/run.R, which say where to `work`.

listed <- function(field) {
  if (is.null(field) || is.na(field)) return(character())
  trimws(strsplit(field, ",", fixed = TRUE)[[1L]])
}

checkout <- function(checkouts, repository) {
  places <- file.path(checkouts, c(sub("/", "+", repository, fixed = TRUE), basename(repository)))
  places <- places[file.exists(file.path(places, "DESCRIPTION"))]
  if (length(places) > 0L) places[1L]
}

# What R has in the version of the checkout, or a later one, stays.
install_needed <- function(repository, checkouts) {
  source <- checkout(checkouts, repository)
  if (is.null(source)) return(message("no checkout of ", repository))
  about <- read.dcf(file.path(source, "DESCRIPTION"), c("Package", "Version"))
  have <- tryCatch(utils::packageVersion(about[, "Package"]), error = function(e) NULL)
  if (!is.null(have) && have >= about[, "Version"]) return(invisible())
  copy <- file.path(work, "needed", basename(source))
  unlink(copy, recursive = TRUE)
  dir.create(dirname(copy), showWarnings = FALSE)
  file.copy(source, dirname(copy), recursive = TRUE)
  ask_for_less(copy)
  failure <- install(copy)
  if (!is.null(failure)) message(repository, ":\n", failure)
}

# Of a needed package the newest is at hand, and what it imports is as old as this system: bounds of
# versions go, and imports that nobody has (a search method of tune's, say). A test that comes to
# what is missing fails and says so.
ask_for_less <- function(copy) {
  about <- read.dcf(file.path(copy, "DESCRIPTION"))
  missing <- character()
  for (field in intersect(c("Depends", "Imports", "LinkingTo"), colnames(about))) {
    entries <- listed(about[, field])
    names <- sub("[[:space:]]*[(].*", "", entries)
    there <- vapply(names, function(name) name == "R" || nzchar(system.file(package = name)), NA)
    missing <- c(missing, names[!there])
    about[, field] <- paste(ifelse(names == "R", entries, names)[there], collapse = ", ")
  }
  write.dcf(about[, nzchar(about), drop = FALSE], file.path(copy, "DESCRIPTION"))
  place <- file.path(copy, "NAMESPACE")
  lines <- readLines(place)
  imported <- sub("^import(From)?[(]([^,)]*).*", "\\2", lines)
  writeLines(lines[!grepl("^import", lines) | !imported %in% missing], place)
}

# NULL, or what R said last.
install <- function(source) {
  log <- file.path(work, "install.log")
  code <- bquote({
    # A process of its own, and no shell: R CMD INSTALL of a folder writes into it.
    utils::install.packages(
      .(source), lib = .(.libPaths()[1L]), repos = NULL, type = "source",
      INSTALL_opts = c("--no-docs", "--no-multiarch", "--no-test-load")
    )
  })
  before <- Sys.time()
  status <- run_code(code, log)
  name <- read.dcf(file.path(source, "DESCRIPTION"), "Package")[1L]
  built <- file.path(.libPaths()[1L], name, "DESCRIPTION")
  if (status == 0L && file.exists(built) && file.mtime(built) >= before - 1) return(NULL)
  lines <- readLines(log, warn = FALSE)
  paste(utils::tail(grep("ERROR|Error|error", lines, value = TRUE), 3L), collapse = "\n")
}

run_code <- function(code, log, variables = character(), timeout = 600) {
  script <- tempfile(fileext = ".R")
  writeLines(deparse(code), script)
  on.exit(unlink(script))
  libraries <- paste(.libPaths(), collapse = .Platform$path.sep)
  suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), shQuote(script),
    stdout = log, stderr = log, timeout = timeout,
    env = c(paste0("R_LIBS=", shQuote(libraries)), variables)
  ))
}
