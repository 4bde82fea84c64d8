# The tests of packages on top of R's torch, run on the stand-in; the table is docs/PACKAGES.md.
#
#   Rscript tests/packages/run.R CHECKOUTS [NAME ...] [--files=PATTERN]
#
# --files runs the test files whose names fit the pattern; a package's other files count with what
# they gave last, so that a long suite can run in parts.
#
# CHECKOUTS is a folder of checkouts, each called OWNER+NAME or NAME; nothing is fetched. A package
# is a file NAME.dcf beside this one. Its first record:
#   Package, Checkout (owner/name)
#   Needs     checkouts to install first (owner/name, ...), where R has not got them
#   Variables environment variables (NAME=value, ...)
#   Note      what else the page says of it
#   Leaves    names of test files that are left out, as a pattern, and Because: why
# and one for each kind of failure that may be:
#   Test      a pattern for "file: name of the test"
#   Says      a pattern for what the failure says; one of the two may be left out
#   Reason    why
# The exit status is 1 where a test fails that no record explains.
#
# All is installed into output/packages/library, and tests run in a copy of the checkout.

folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))))
top <- dirname(dirname(folder))
work <- file.path(top, "output", "packages")
library_of_packages <- file.path(work, "library")
document <- file.path(top, "docs", "PACKAGES.md")
source(file.path(folder, "install.R"))

# --- the story ------------------------------------------------------------------------------------

main <- function(arguments) {
  if (length(arguments) == 0L || !dir.exists(arguments[[1L]])) {
    stop("Name the folder of checkouts: make packages CHECKOUTS=folder", call. = FALSE)
  }
  checkouts <- normalizePath(arguments[[1L]])
  names <- sub("[.]dcf$", "", list.files(folder, "[.]dcf$"))
  only <- sub("^--files=", "", grep("^--files=", arguments, value = TRUE))
  wanted <- grep("^--files=", arguments[-1L], value = TRUE, invert = TRUE)
  if (length(wanted) == 0L) wanted <- names
  unknown <- setdiff(wanted, names)
  if (length(unknown) > 0L) stop("No such package: ", unknown[1L], call. = FALSE)
  dir.create(library_of_packages, recursive = TRUE, showWarnings = FALSE)
  .libPaths(c(library_of_packages, .libPaths()))
  torchbridge::stand_in_for_torch(library_of_packages)
  unexplained <- 0L
  for (name in wanted) {
    part <- run_package(name, checkouts, only)
    parts <- read_parts()
    parts[[name]] <- part$text
    unexplained <- unexplained + part$unexplained
    write_document(parts)
  }
  quit(status = as.integer(unexplained > 0L))
}

run_package <- function(name, checkouts, only) {
  records <- read.dcf(file.path(folder, paste0(name, ".dcf")), all = TRUE)
  about <- records[1L, ]
  source <- checkout(checkouts, about$Checkout)
  if (is.null(source)) {
    message(name, ": no checkout of ", about$Checkout, " in ", checkouts)
    return(list(text = NULL, unexplained = 0L))
  }
  for (needed in listed(about$Needs)) install_needed(needed, checkouts)
  copy <- file.path(work, name)
  unlink(copy, recursive = TRUE)
  dir.create(copy)
  file.copy(source, copy, recursive = TRUE)
  copy <- file.path(copy, basename(source))
  failure <- install(copy)
  files <- test_files(copy, about)
  results <- if (is.null(failure)) run_tests(name, copy, files, only, about) else no_results()
  report(name, about, source, files, results, records[-1L, , drop = FALSE], failure)
}

# --- running --------------------------------------------------------------------------------------

no_results <- function() {
  data.frame(
    file = character(), test = character(), state = character(), expectations = integer(),
    message = character(), seconds = double(), day = character()
  )
}

# A download fails at once, where it would wait for a network that may not be there.
no_network <- paste0(c("http", "https", "ftp"), "_proxy=http://127.0.0.1:9")

tests_of <- function(copy) file.path(copy, "tests", "testthat")

test_files <- function(copy, about) {
  files <- list.files(tests_of(copy), "^test.*[.][rR]$")
  if (!is.null(about$Leaves) && !is.na(about$Leaves)) files <- files[!grepl(about$Leaves, files)]
  files
}

# One process for all files. Where it ends before its time, the file that it was at is a failure, and
# another process goes on after it.
run_tests <- function(name, copy, files, only, about) {
  tests <- tests_of(copy)
  state <- file.path(work, paste0(name, ".tsv"))
  if (length(only) > 0L) {
    earlier <- read_results(state)
    kept <- earlier$file %in% files & !grepl(only, earlier$file)
    files <- grep(only, files, value = TRUE)
  }
  unlink(state)
  if (length(only) > 0L) append_rows(earlier[kept, , drop = FALSE], state)
  repeat {
    done <- read_results(state)
    left <- setdiff(files, done$file)
    if (length(left) == 0L) return(done)
    code <- bquote({
      setwd(.(tests))
      library(.(name), character.only = TRUE)
      run_files <- .(run_files)
      run_files(.(name), .(left), .(state))
    })
    log <- file.path(work, paste0(name, ".log"))
    variables <- c("NOT_CRAN=true", no_network, listed(about$Variables))
    status <- run_code(code, log, variables, timeout = 4 * 3600)
    at <- setdiff(left, read_results(state)$file)
    if (length(at) > 0L) {
      last <- paste(utils::tail(readLines(log, warn = FALSE), 2L), collapse = " ")
      ended <- data.frame(
        file = at[1L], test = "(the process)", state = "failed", expectations = 0L,
        message = gsub("[\t\n]", " ", paste0("ended with status ", status, ": ", last)),
        seconds = 0, day = format(Sys.Date())
      )
      append_rows(ended, state)
    }
  }
}

append_rows <- function(rows, file) {
  utils::write.table(
    rows, file, append = TRUE, sep = "\t", quote = FALSE, row.names = FALSE, col.names = FALSE
  )
}

read_results <- function(file) {
  if (!file.exists(file)) return(no_results())
  utils::read.table(
    file, sep = "\t", quote = "", comment.char = "", col.names = names(no_results()),
    colClasses = vapply(no_results(), class, "")
  )
}

# In the process of the tests: it stands alone.
run_files <- function(name, files, state) {
  plain <- function(x) gsub("[\t\r\n]+", " ", x)
  for (file in files) {
    before <- proc.time()
    results <- tryCatch(
      testthat::test_file(
        file, package = name, load_package = "installed", stop_on_failure = FALSE,
        reporter = testthat::ListReporter$new()
      ),
      error = function(e) {
        broken <- structure(list(message = conditionMessage(e)), class = "expectation_error")
        list(list(test = "(the file)", results = list(broken)))
      }
    )
    rows <- lapply(results, function(result) {
      is <- function(class) vapply(result$results, inherits, NA, class)
      failed <- is("expectation_failure") | is("expectation_error")
      skipped <- is("expectation_skip")
      words <- vapply(result$results[failed | skipped], function(x) plain(x$message), "")
      data.frame(
        file = file, test = plain(result$test),
        state = if (any(failed)) "failed" else if (any(skipped)) "skipped" else "passed",
        expectations = sum(is("expectation_success")),
        message = if (length(words) > 0L) substr(words[1L], 1L, 300L) else ""
      )
    })
    if (length(rows) == 0L) {
      rows <- list(data.frame(
        file = file, test = "(no tests)", state = "skipped", expectations = 0L, message = ""
      ))
    }
    rows <- do.call(rbind, rows)
    spent <- proc.time() - before
    rows$seconds <- c(sum(spent[-3L]), numeric(nrow(rows) - 1L))
    rows$day <- format(Sys.Date())
    utils::write.table(
      rows, state,
      append = TRUE, sep = "\t", quote = FALSE, row.names = FALSE, col.names = FALSE
    )
  }
}

# --- the table ------------------------------------------------------------------------------------

# One package's row and its section: those of packages that are not run now stay what they are.
report <- function(name, about, source, files, results, reasons, failure) {
  version <- read.dcf(file.path(source, "DESCRIPTION"), "Version")[1L]
  commit <- suppressWarnings(system2(
    "git", c("-C", shQuote(source), "rev-parse", "--short", "HEAD"), stdout = TRUE, stderr = FALSE
  ))
  count <- function(state) sum(results$state == state)
  failed <- results[results$state == "failed", , drop = FALSE]
  titles <- sprintf("%s: %s", failed$file, failed$test)
  why <- as.character(mapply(explain, titles, failed$message, MoreArgs = list(reasons)))
  unexplained <- sum(!nzchar(why)) + !is.null(failure)
  row <- sprintf(
    "| %s | %s (%s) | %d | %d | %d | %d | %d | %s |", name, version, paste(commit, collapse = ""),
    nrow(results) - count("skipped"), count("passed"), count("failed"), count("skipped"),
    sum(results$expectations), min(results$day, format(Sys.Date()))
  )
  minutes <- sum(results$seconds) / 60
  waiting <- setdiff(files, results$file)
  why[!nzchar(why)] <- "**not explained**"
  lines <- c(
    if (isTRUE(minutes >= 1)) sprintf("- Its tests take %.0f min of a processor's time.", minutes),
    if (!is.null(about$Note) && !is.na(about$Note)) paste("-", one_line(about$Note)),
    if (!is.null(failure)) paste0("- It can't be built: ", gsub("\n", " ", failure)),
    if (!is.null(about$Leaves) && !is.na(about$Leaves)) {
      paste0("- Left out, ", one_line(about$Because), ": files `", about$Leaves, "`.")
    },
    if (length(waiting) > 0L) {
      paste0("- Not run: ", paste0("`", waiting, "`", collapse = ", "), ".")
    },
    by_reason(failed$file, titles, why)
  )
  message(row)
  for (i in which(why == "**not explained**")) message("  ", titles[i], ": ", failed$message[i])
  list(text = list(row = row, section = lines), unexplained = unexplained)
}

# One line for each reason, with the tests, or, where they are many, with the files.
by_reason <- function(files, titles, why) {
  vapply(unique(why), function(reason) {
    at <- why == reason
    counts <- table(files[at])
    named <- if (sum(at) <= 8L) {
      paste0("`", titles[at], "`")
    } else {
      paste0("`", names(counts), "` (", counts, ")")
    }
    paste0("- ", sub("[.]$", "", reason), " (", sum(at), "): ", paste(named, collapse = ", "), ".")
  }, "", USE.NAMES = FALSE)
}

explain <- function(title, message, reasons) {
  fits <- function(pattern, text) is.null(pattern) || is.na(pattern) || grepl(pattern, text)
  for (i in seq_len(nrow(reasons))) {
    if (fits(reasons$Test[i], title) && fits(reasons$Says[i], message)) {
      return(one_line(reasons$Reason[i]))
    }
  }
  ""
}

one_line <- function(text) gsub("[[:space:]]+", " ", trimws(text))

head_of_document <- c(
  "# The packages on top of R's torch",
  "",
  paste(
    "Each package's own tests, unchanged, on the package `torch` that",
    "`torchbridge::stand_in_for_torch()` makes."
  ),
  paste(
    "`make packages CHECKOUTS=folder` runs them and writes this page (`PACKAGES=\"luz brulee\"`",
    "some); it fetches"
  ),
  paste(
    "nothing. Counted are `test_that()` blocks; a block that is skipped (no GPU, no download, a",
    "package that is"
  ),
  "missing) is not among those run. Expectations are those that hold. A long suite can run in parts",
  "(`FILES=pattern`); the day is that of the oldest.",
  "",
  "| package | version | run | passed | failed | skipped | expectations | day |",
  "|---|---|---|---|---|---|---|---|"
)

write_document <- function(parts) {
  parts <- parts[order(tolower(names(parts)))]
  sections <- lapply(names(parts), function(name) {
    if (length(parts[[name]]$section) > 0L) c("", paste("##", name), "", parts[[name]]$section)
  })
  writeLines(c(head_of_document, vapply(parts, `[[`, "", "row"), unlist(sections)), document)
}

read_parts <- function() {
  if (!file.exists(document)) return(list())
  lines <- readLines(document)
  rows <- grep("^[|] [^ ]+ [|] [0-9]", lines, value = TRUE)
  names <- sub("^[|] ([^ ]+) .*", "\\1", rows)
  section <- cumsum(grepl("^## ", lines))
  parts <- lapply(seq_along(rows), function(i) {
    at <- section[match(paste("##", names[i]), lines)]
    of_it <- if (!is.na(at)) lines[section == at & grepl("^- ", lines)]
    list(row = rows[i], section = of_it)
  })
  stats::setNames(parts, names)
}

main(commandArgs(trailingOnly = TRUE))
