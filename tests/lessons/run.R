# Rscript tests/lessons/run.R <folder> <file> <lesson> ...
#
# Runs each lesson once, writes its page into the folder, and then the expectations in
# tests/lessons/<lesson>.R, which see the variables that the lesson has left. The file gets one line
# a test: lesson, what is tested, "passed" or what went wrong, separated by tabs.

arguments <- commandArgs(trailingOnly = TRUE)
source("r_scripts/lessons/site/render.R")

report <- function(lesson, test, outcome) {
  line <- gsub("[\t\n]+", " ", c(lesson, test, outcome))
  cat(paste(line, collapse = "\t"), "\n", sep = "", file = arguments[2], append = TRUE)
}

for (lesson in arguments[-(1:2)]) {
  env <- new.env(parent = globalenv())
  failed <- tryCatch(
    {
      render_lesson(lesson, arguments[1], env)
      NULL
    },
    error = conditionMessage
  )
  report(lesson, "the lesson runs", if (is.null(failed)) "passed" else failed)
  if (!is.null(failed)) next
  library(torchbridge)
  results <- testthat::test_file(
    file.path("tests", "lessons", paste0(lesson, ".R")), reporter = "silent",
    env = new.env(parent = env), stop_on_failure = FALSE
  )
  detach("package:torchbridge")
  for (result in results) {
    bad <- Filter(function(x) !inherits(x, "expectation_success"), result$results)
    outcome <- paste(vapply(bad, conditionMessage, ""), collapse = "; ")
    report(lesson, result$test, if (nzchar(outcome)) outcome else "passed")
  }
}
