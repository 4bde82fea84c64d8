# The code of documents on R's torch, run on R's torch and here; the table is docs/BOOK.md.
#
#   Rscript tests/packages/book/run.R CHECKOUTS REFERENCE [DOCUMENT ...]
#
# CHECKOUTS is a folder of checkouts, each called OWNER+NAME or NAME; nothing is fetched. REFERENCE
# is an R library that has R's own torch (TORCH_HOME says where its libtorch is, if not there).
#
# Each document's code runs expression by expression, each from its own seeds, in a process of its
# own; data.R says what stands for downloads and what is made shorter. An expression counts where
# R's torch runs it. It is the same here if what it prints and its value are: words equal, numbers
# to `tolerance`. Where R's torch differs from itself in a second run (an address, a time), only
# kinds, types and shapes are compared. What differs is explained by a record of reasons.dcf:
#   Document, Code (a pattern; one of the two may be left out), Reason
# The exit status is 1 where something differs that no record explains.

folder <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))))
top <- dirname(dirname(dirname(folder)))
work <- file.path(top, "output", "book")
page <- file.path(top, "docs", "BOOK.md")
source(file.path(dirname(folder), "install.R"))

collections <- list(
  list(
    title = "Deep Learning and Scientific Computing with R torch",
    checkout = "skeydan/Deep-Learning-and-Scientific-Computing-with-R-torch",
    files = "[.]qmd$", under = ".", prefix = ""
  ),
  list(
    title = "The vignettes of R's torch", checkout = "mlverse/torch",
    files = "[.]Rmd$", under = c("vignettes", "vignettes/articles", "vignettes/examples"),
    prefix = "torch: "
  ),
  list(
    title = "The vignettes of luz", checkout = "mlverse/luz",
    files = "[.]Rmd$", under = c("vignettes", "vignettes/articles", "vignettes/examples"),
    prefix = "luz: "
  )
)

# What the documents load, in the order of building: built once, and once on each side.
free_of_torch <- c(
  "r-lib/rlang", "r-lib/cli", "r-lib/vctrs", "tidyverse/tibble", "tidyverse/dplyr", "r-lib/coro",
  "tidyverts/tsibble", "cran/tsibbledata", "cran/tuneR", "gjmvanboxtel/gsignal"
)
on_torch <- c(
  "mlverse/luz", "mlverse/torchvision", "mlverse/torchaudio", "mlverse/torchdatasets"
)

tolerance <- 1e-5

# --- the story ------------------------------------------------------------------------------------

main <- function(arguments) {
  if (length(arguments) < 2L || !all(dir.exists(arguments[1:2]))) {
    stop(
      "Name the folder of checkouts and a library with R's torch: ",
      "make book CHECKOUTS=folder REFERENCE=library", call. = FALSE
    )
  }
  arguments[1:2] <- normalizePath(arguments[1:2])
  sides <- build_sides(arguments[1L], arguments[2L])
  wanted <- arguments[-(1:2)]
  documents <- documents_in(arguments[1L])
  for (document in documents) {
    if (length(wanted) > 0L && !document$name %in% wanted) next
    saveRDS(compare_document(document, sides), file.path(results_of(document), "row.rds"))
    write_page(read_rows(), documents)
  }
  quit(status = as.integer(any(grepl("**Not explained**", readLines(page), fixed = TRUE))))
}

# The libraries of each side, its own first.
build_sides <- function(checkouts, reference) {
  own <- c(common = "common", here = "here", reference = "reference")
  own[] <- file.path(work, own)
  for (library in own) dir.create(library, recursive = TRUE, showWarnings = FALSE)
  if (!dir.exists(file.path(own[["here"]], "torch"))) {
    torchbridge::stand_in_for_torch(own[["here"]])
  }
  with_library(own["common"], for (name in free_of_torch) install_needed(name, checkouts))
  sides <- list(
    here = c(own[c("here", "common")], .libPaths()),
    reference = c(own[c("reference", "common")], reference)
  )
  for (side in sides) with_library(side, for (name in on_torch) install_needed(name, checkouts))
  sides
}

with_library <- function(side, code) {
  before <- .libPaths()
  on.exit(.libPaths(before))
  .libPaths(side)
  code
}

documents_in <- function(checkouts) {
  found <- lapply(collections, function(collection) {
    at <- file.path(checkouts, c(
      sub("/", "+", collection$checkout, fixed = TRUE), basename(collection$checkout)
    ))
    at <- at[dir.exists(at)][1L]
    if (is.na(at)) return(message("no checkout of ", collection$checkout))
    folders <- file.path(at, collection$under)
    files <- list.files(folders, collection$files, full.names = TRUE)
    has_code <- function(file) any(grepl("^ *```+ *[{]r", readLines(file, warn = FALSE)))
    files <- Filter(has_code, files)
    lapply(files, function(file) {
      name <- paste0(collection$prefix, tools::file_path_sans_ext(basename(file)))
      list(name = name, file = file, title = collection$title)
    })
  })
  unlist(found, recursive = FALSE)
}

# --- running --------------------------------------------------------------------------------------

# The results of one side, one for each expression. A process that ends before its time is followed
# by another, which goes on after the expression that ended it.
run_side <- function(document, side, run) {
  to <- file.path(results_of(document), run)
  unlink(to, recursive = TRUE)
  dir.create(to, recursive = TRUE)
  copy <- file.path(to, "folder")
  dir.create(copy)
  resources <- file.path(dirname(document$file), "resources")
  if (dir.exists(resources)) file.copy(resources, copy, recursive = TRUE)
  code <- bquote({
    setwd(.(copy))
    source(.(file.path(folder, "chapter.R")))
    run_document(.(document$name), .(document$file), .(file.path(folder, "data.R")), .(to))
  })
  for (attempt in 1:10) {
    done <- length(list.files(to, "[.]rds$"))
    status <- with_library(side, run_code(code, file.path(to, "log"), variables, timeout = 1800))
    if (status == 0L || length(list.files(to, "[.]rds$")) == done) break
  }
  if (status != 0L) {
    last <- utils::tail(readLines(file.path(to, "log")), 3L)
    message(document$name, " on ", run, ": ", paste(last, collapse = " "))
  }
  lapply(list.files(to, "[.]rds$", full.names = TRUE), readRDS)
}

results_of <- function(document) {
  file.path(work, "results", gsub("[^A-Za-z0-9_.-]", "_", document$name))
}

# A download fails at once, where it would wait for a network that may not be there. With one thread
# sums are in the same order on both sides.
variables <- c(paste0(c("http", "https", "ftp"), "_proxy=http://127.0.0.1:9"), "OMP_NUM_THREADS=1")

# --- comparing ------------------------------------------------------------------------------------

compare_document <- function(document, sides) {
  reference <- run_side(document, sides$reference, "reference")
  here <- run_side(document, sides$here, "here")
  if (length(here) != length(reference)) {
    stop(document$name, ": one side ends early, see ", results_of(document), call. = FALSE)
  }
  different <- which_differ(reference, here)
  if (length(different) > 0L) {
    again <- run_side(document, sides$reference, "again")
    different <- steady(different, reference, here, again)
  }
  report(document, reference, here, different)
}

ran <- function(results) vapply(results, function(x) x$state == "ok", NA)

which_differ <- function(reference, here) {
  Filter(function(i) !same(reference[[i]], here[[i]]), which(ran(reference)))
}

# Without those in which R's torch differs from itself, and we not in kind.
steady <- function(different, reference, here, again) {
  Filter(function(i) {
    same(reference[[i]], again[[i]]) || !same(reference[[i]], here[[i]], shapes_of)
  }, different)
}

same <- function(x, y, of = identity) {
  if (!identical(x$state, y$state)) return(FALSE)
  length(differences(x, y, of)) == 0L
}

# What differs, in words.
differences <- function(x, y, of = identity) {
  if (!identical(y$state, "ok")) return(paste0(y$state, ": ", y$message))
  c(
    texts_differ(x$printed, y$printed, identical(of, identity)),
    not_equal(of(x$value), of(y$value))
  )
}

not_equal <- function(x, y) {
  words <- all.equal(x, y, tolerance = tolerance)
  if (!isTRUE(words)) words
}

# Printed numbers are rounded: the last digit may be another.
texts_differ <- function(x, y, numbers) {
  number <- "[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?"
  whole <- function(x) gsub("0x[0-9a-f]+", "0x", paste(x, collapse = "\n"))
  words <- function(x) gsub("[[:space:]]+", "", gsub(number, "#", whole(x)))
  if (!identical(words(x), words(y))) {
    if (!numbers) return(NULL)
    return("other words are printed")
  }
  values <- function(x) as.numeric(regmatches(whole(x), gregexpr(number, whole(x)))[[1L]])
  if (numbers && !isTRUE(all.equal(values(x), values(y), tolerance = 1e-3))) {
    "other numbers are printed"
  }
}

# The value without its numbers.
shapes_of <- function(x) {
  if (!is.list(x)) return(x)
  x$values <- NULL
  if (!is.null(x$dim) || !is.null(x$class)) x$length <- NULL
  lapply(x, shapes_of)
}

# --- the table ------------------------------------------------------------------------------------

# A document's row, and the code of what differs.
report <- function(document, reference, here, different) {
  for (i in different) {
    message(
      "  ", document$name, ", expression ", i, ": ", substr(reference[[i]]$code[1L], 1L, 80L),
      "\n    ", paste(utils::head(differences(reference[[i]], here[[i]]), 5L), collapse = "\n    ")
    )
  }
  runs <- sum(ran(reference))
  downloads <- sum(vapply(reference, function(x) x$state == "download", NA))
  row <- sprintf(
    "| %s | %d | %d | %d | %d | %d |", document$name, runs, runs - length(different),
    length(different), length(reference) - runs - downloads, downloads
  )
  message(row)
  codes <- lapply(different, function(i) reference[[i]]$code)
  list(name = document$name, title = document$title, row = row, different = codes)
}

explain <- function(name, code) {
  reasons <- read.dcf(file.path(folder, "reasons.dcf"), c("Document", "Code", "Reason"))
  for (i in seq_len(nrow(reasons))) {
    fits <- is.na(reasons[i, "Document"]) || reasons[i, "Document"] == name
    if (fits && (is.na(reasons[i, "Code"]) || any(grepl(reasons[i, "Code"], code)))) {
      return(gsub("[[:space:]]+", " ", reasons[i, "Reason"]))
    }
  }
  "**Not explained**"
}

write_page <- function(rows, documents) {
  tables <- lapply(collections, function(collection) {
    all <- Filter(function(document) document$title == collection$title, documents)
    names <- vapply(all, `[[`, "", "name")
    of_it <- rows[intersect(names, names(rows))]
    if (length(of_it) == 0L) return(NULL)
    left <- setdiff(names, names(rows))
    c(
      "", paste("##", collection$title), "", table_of(of_it), "", reasons_of(of_it),
      if (length(left) > 0L) paste0("- Not run for this page: ", paste(left, collapse = ", "), ".")
    )
  })
  writeLines(c(head_of_page, unlist(tables)), page)
}

# The rows of all documents that were run: each lies beside its results.
read_rows <- function() {
  rows <- lapply(Sys.glob(file.path(work, "results", "*", "row.rds")), readRDS)
  stats::setNames(rows, vapply(rows, `[[`, "", "name"))
}

table_of <- function(rows) {
  rows <- vapply(rows[order(names(rows))], `[[`, "", "row")
  counts <- vapply(strsplit(rows, " *[|] *"), function(cells) as.integer(cells[3:7]), integer(5L))
  c(
    "| document | run on R's torch | same here | differ | fail on R's torch | need a download |",
    "|---|---|---|---|---|---|",
    rows,
    paste0("| all | ", paste(rowSums(counts), collapse = " | "), " |")
  )
}

# One line a reason, with the documents.
reasons_of <- function(rows) {
  name <- rep(names(rows), lengths(lapply(rows, `[[`, "different")))
  codes <- unlist(lapply(rows, `[[`, "different"), recursive = FALSE)
  reason <- as.character(mapply(explain, name, codes))
  vapply(unique(reason), function(one) {
    counts <- table(name[reason == one])
    named <- paste0(names(counts), " (", counts, ")", collapse = ", ")
    paste0("- ", sub("[.]$", "", one), ": ", named, ".")
  }, "", USE.NAMES = FALSE)
}

head_of_page <- c(
  "# The book's examples, and the vignettes",
  "",
  "The code of books and vignettes on R's torch, run on R's own torch and on the package `torch`",
  "that `torchbridge::stand_in_for_torch()` makes. `make book CHECKOUTS=folder REFERENCE=library`",
  "runs it and writes this page (`DOCUMENTS=\"tensors autograd\"` some); it fetches nothing.",
  "REFERENCE is a library with R's torch.",
  "",
  "Each expression is run from its own seeds. It counts where R's torch runs it; it is the same",
  "here if what it prints and its value are: words equal, printed numbers to 1e-3, values to 1e-5.",
  "Where R's torch differs from itself in a second run (an address, a time), kinds, types and",
  "shapes are compared. What fails on R's torch is mostly what cannot run alone: code cut from a",
  "function, a GPU, a package that is missing.",
  "",
  "Data sets that would be downloaded are made at random in the same shape, trained weights are",
  "left untrained, fits have two epochs, loaders go in order and nothing is dropped out:",
  "`tests/packages/book/data.R` is the list. Needed beside R's torch are Debian's `r-cran-bench`,",
  "`-dplyr`, `-forcats`, `-ggplot2`, `-ggrepel`, `-modeldata`, `-palmerpenguins`, `-patchwork`,",
  "`-readr`, `-tidyr`, `-zeallot`; what is missing fails on both sides."
)

main(commandArgs(trailingOnly = TRUE))
