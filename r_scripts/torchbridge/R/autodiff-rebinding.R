# Replays of functions that are the same but for their data: closures made anew in a loop, other
# data as an argument. Once a function's body comes back with other data, R runs it with data that
# are observed (autodiff-observed.R); what was noted then holds for all data that are alike where
# somebody looked. A few such ways are kept, and each that comes back takes those that hold for it.
#
# Tests: test-autodiff-rebinding.R.

# How many ways are kept, over all shapes of data and turns of the code.
most_tapes <- 16L

# An entry as replayable() keeps them, for a function whose data alone are others than those of the
# `known` one; NULL where there is more to it. `run` is observed_run()'s.
rebound_entry <- function(known, func, extra, lasting, run) {
  if (is.null(known$world) || known$state$ran || isTRUE(known$no_data)) return(NULL)
  if (isTRUE(known$users_methods)) return(NULL)
  frame <- environment(func)
  world <- world_now(known, frame)
  if (is.null(world) || !same_methods(known, frame)) return(NULL)
  template <- known$template %||% list2env(list(tapes = list(), met = 0L), parent = emptyenv())
  given <- own_variables(world, extra)
  found <- lapply(template$tapes, play, given)
  held <- !vapply(found, is.null, NA)
  template$met <- template$met + any(held)
  if (!any(held) && length(template$tapes) >= most_tapes) {
    known$no_data <- TRUE
    return(NULL)
  }
  replay <- if (is.null(template$replay)) {
    call_python("replay.Replay", run)
  } else {
    numbers <- vapply(template$tapes[held], function(tape) tape$number, 0L)
    call_python("replay.rebound", template$replay, run, as.list(numbers), found[held])
  }
  template$replay <- template$replay %||% replay
  list2env(list(
    kind = known$kind, func = func, extra = extra, state = environment(run)$state, used = 0L,
    lasting = lasting, in_vain = 0L, world = world, methods = known$methods,
    users_methods = FALSE, template = template, run = run, replay = replay
  ), parent = emptyenv())
}

# What the function sees now, as `known` has it; NULL where anything but data is another.
world_now <- function(known, frame) {
  before <- environment(known$func)
  world <- known$world
  for (g in seq_along(world)) {
    group <- world[[g]]
    now <- mget(
      group$names, group$frame %||% frame, group$mode, ifnotfound = list(absent), inherits = TRUE
    )
    if (same_values(now, group$values)) next
    if (!is.null(group$frame)) return(NULL)
    for (name in group$names) {
      value <- now[[name]]
      then <- group$values[[name]]
      if (same_values(value, then)) next
      alike <- if (is.function(value)) {
        is_remade(value, then, frame, before)
      } else {
        !is.function(then) && is_plain_data(value) && !is_active(name, frame)
      }
      if (!alike) return(NULL)
    }
    world[[g]]$values <- now
  }
  world
}

is_active <- function(name, frame) {
  where <- environment_of(name, frame)
  is.null(where) || bindingIsActive(name, where)
}

# A function that the code makes anew beside the differentiated one.
is_remade <- function(now, then, frame, before) {
  typeof(now) == "closure" && typeof(then) == "closure" &&
    identical(environment(now), frame) && identical(environment(then), before) &&
    identical(body(now), body(then)) && identical(formals(now), formals(then)) &&
    identical(class(now), class(then))
}

# What the function's own environments and arguments have that is no function, by name.
own_variables <- function(world, extra) {
  found <- list()
  for (group in world) {
    if (is.null(group$frame) && group$mode == "any") {
      found <- c(found, group$values[!vapply(group$values, is.function, NA)])
    }
  }
  if (length(extra) > 0L) {
    names <- vapply(seq_along(extra), argument_name, "")
    arguments <- stats::setNames(extra, names)
    arguments <- c(arguments, list("names of arguments" = names(extra)))
    found <- c(found, arguments)
  }
  found
}

# The runner of a target's function whose data are observed on a tape.
observed_runner <- function(target, stand) {
  if (!is.null(stand)) return(function(tape) runner(stand$observed(tape), stand$start))
  function(tape) running(target$func, target$skeleton, target$extra, tape)
}

# What Python runs: R's own run, which counts, and one that is noted, with data that are observed.
observed_run <- function(plain, make, state) {
  force(plain)
  force(make)
  force(state)
  function(flat) {
    python_rule("replay.pause", TRUE)
    value <- tryCatch(plain(flat), finally = python_rule("replay.pause", FALSE))
    tape <- new_tape()
    noted <- observed_value(make, tape, flat)
    if (is.null(noted) || !python_rule("replay.alike", noted, value)) {
      spoil("its data are not told apart from its code")
      return(value)
    }
    state$tapes <- c(state$tapes, list(tape))
    noted
  }
}

# NULL where R has anything to say.
observed_value <- function(make, tape, flat) {
  on.exit(the$tape <- NULL)
  the$tape <- tape
  python_rule("replay.begin_tape", tape$number)
  seed <- random_seed()
  value <- tryCatch(make(tape)(flat), condition = function(c) NULL)
  if (identical(seed, random_seed())) value
}

# The tapes of the runs since the last look around.
take_tapes <- function(entry) {
  template <- entry$template
  for (tape in entry$state$tapes) {
    if (call_python("replay.has_way", entry$replay, tape$number)) {
      finish_tape(tape, own_variables(entry$world, entry$extra))
      template$tapes <- c(template$tapes, list(tape))
    }
  }
  entry$state$tapes <- NULL
}

# It is replayed as it would be without.
without_template <- function(entry, why) {
  entry$spent <- entry$no_data <- TRUE
  entry$template <- entry$world <- entry$replay <- NULL
  if (isTRUE(getOption("torchbridge.verbose"))) {
    message("torchbridge: a function is noted anew for other data: ", why, ".")
  }
}
