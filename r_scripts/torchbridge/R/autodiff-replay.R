# A differentiated function that was run before is replayed, without R, where what it reads is as
# it was. Python notes what it does to tensors (bridge/autodiff/replay.py); here is what the code
# itself says: that it depends on nothing but its parameters and on values that it names, in its own
# environments. Those are held, and compared before each use: by identity, since R copies what is
# held before it changes it.
#
# Tests: test-autodiff-replay.R.

# What is kept of a function: `replay` is Python's, `world` what the code saw, and `state` says
# whether R has run it since. Where that is much data it is kept for a `lasting` target alone, an
# objective, as long as that is there.
replayable <- function(target) {
  func <- users_code(target$func)
  if (!isTRUE(getOption("torchbridge.trace", TRUE)) || !is_replayable(func)) return(NULL)
  parts <- as_parts(target$skeleton)
  for (part in parts) if (is_tensor(part)) return(NULL)
  stand <- attr(target$func, "stands_for")
  if (!is.null(stand)) parts <- list(stand$start)
  kind <- list(
    names(parts), lapply(parts, function(p) list(length(p), attributes(p))), formals(func),
    stand$kind
  )
  extra <- c(target$extra, stand$values)
  known <- found_replay(body(func), kind)
  same <- !is.null(known)
  for_it_alone <- same && identical(known$why, much_data) && target$lasting
  if (same && !for_it_alone) {
    if (!is.null(known$why)) return(NULL)
    if (same_values(extra, known$extra) && world_holds(known, environment(func))) {
      known$used <- known$used + 1L
      known$lasting <- known$lasting || target$lasting
      return(known)
    }
  }
  state <- new.env(parent = emptyenv())
  state$ran <- FALSE
  # (R may not have to run it.)
  f <- if (is.null(stand)) quote(target$f) else quote(runner(stand$whole, stand$start))
  plain <- watched(eval(f), state, environment(func))
  if (same && !for_it_alone) {
    run <- observed_run(plain, observed_runner(target, stand), state)
    anew <- rebound_entry(known, func, extra, target$lasting, run)
    if (!is.null(anew)) return(keep_replay(body(func), anew))
  }
  entry <- list2env(list(
    kind = kind, func = func, extra = extra, state = state, used = 0L, lasting = target$lasting,
    no_data = same && isTRUE(known$no_data),
    # What changes from call to call is not worth the notes.
    in_vain = if (same && !for_it_alone && known$used < 2L) known$in_vain + 1L else 0L
  ), parent = emptyenv())
  if (!for_it_alone) keep_replay(body(func), entry)
  if (entry$in_vain > 4L) {
    give_up(entry, "what it reads is another each time")
    return(NULL)
  }
  entry$replay <- call_python("replay.Replay", plain)
  entry
}

# The target's function as it is replayed; NULL where it is not.
take_replay <- function(target) {
  entry <- target$replay <- replayable(target)
  place <- attr(target$func, "stands_for")$place
  target$replayed <- if (!is.null(entry) && !is.null(place)) place(entry$replay) else entry$replay
  entry
}

# A plain function, which nobody debugs.
is_replayable <- function(func) typeof(func) == "closure" && !isS4(func) && !isdebugged(func)

# A function of ours that runs the user's `func` with these values; `kind` is what else it depends
# on. Replayed is `whole`, a function of numbers like `start` (`observed(tape)` is the same that
# observes the data that it reads); `free` (NULL: all) are those that `run` is a function of, and
# `place` makes of the replay that of `run`; `compile` as of
# torch_objective().
stands_for <- function(run, func, values, kind, whole, observed, start, free, place, compile) {
  structure(run, stands_for = list(
    func = func, values = values, kind = kind, whole = whole, observed = observed, start = start,
    free = free, place = place, compile = compile
  ))
}

users_code <- function(func) attr(func, "stands_for")$func %||% func

# What is kept of a function's code, by the kind of parameters; without a kind the last one.
found_replay <- function(code, kind = NULL) {
  entries <- kept_replays(code)
  if (is.null(kind)) return(if (length(entries) > 0L) entries[[length(entries)]])
  for (entry in entries) if (identical(entry$kind, kind)) return(entry)
}

kept_replays <- function(code) if (!is.null(the$replays)) utils::gethash(the$replays, code)

keep_replay <- function(code, entry) {
  if (is.null(the$replays)) the$replays <- utils::hashtab("address", 32L)
  others <- Filter(function(other) !identical(other$kind, entry$kind), kept_replays(code))
  if (is.null(others) && utils::numhash(the$replays) >= 32L) utils::clrhash(the$replays)
  utils::sethash(the$replays, code, c(utils::tail(others, most_kinds - 1L), list(entry)))
  entry
}

most_kinds <- 8L

# Runs f, and says what a replay could not repeat. Arguments of the `frame` where the function was
# made may be evaluated on the way, and draw random numbers once: then it runs again.
watched <- function(f, state, frame) {
  function(flat) {
    state$ran <- TRUE
    seed <- random_seed()
    lazy <- has_lazy(frame)
    value <- withCallingHandlers(
      f(flat),
      warning = function(w) spoil("it warns"),
      message = function(m) spoil("it signals a message")
    )
    if (identical(seed, random_seed())) return(value)
    after <- random_seed()
    if (lazy) {
      python_rule("replay.start_again")
      again <- tryCatch(f(flat), condition = function(c) NULL)
      if (!is.null(again) && identical(after, random_seed())) return(again)
      if (!is.null(after)) assign(".Random.seed", after, envir = globalenv())
    }
    spoil("it draws random numbers")
    value
  }
}

has_lazy <- function(frame) {
  !is_packages(frame) && !identical(frame, globalenv()) &&
    any(rlang::env_binding_are_lazy(frame))
}

random_seed <- function() get0(".Random.seed", envir = globalenv(), inherits = FALSE)

spoil <- function(why) python_rule("replay.spoil", why)

# One of Python's verbs of a target, by the replay where there is one that holds.
derived <- function(name, target, ..., call = sys.call(-1L)) {
  entry <- held_replay(target)
  if (is.null(entry)) return(call_python(name, target$f, ..., call = call))
  on.exit(if (entry$state$ran) look_around(entry))
  call_python(name, target$replayed, ..., call = call)
}

# The same of and in R's numbers, without a tensor: NULL where this is not to be had. `v` is the
# vector of the verbs that want one.
derived_numbers <- function(verb, target, p, v = NULL, call = sys.call(-1L)) {
  entry <- held_replay(target)
  if (is.null(entry)) return(NULL)
  p <- as.double(p)
  if (!all(is.finite(p))) return(NULL)
  stand <- attr(target$func, "stands_for")
  compile <- isTRUE(target$compile) && verb == "value_and_grad_or_nan"
  if (!is.null(stand$free)) p <- replace(stand$start, stand$free, p)
  evaluator <- evaluator_of(entry, verb, stand$free, compile, if (!is.null(v)) length(p))
  if (compile && is.null(entry$told)) on.exit(tell_of_compiling(entry, evaluator))
  on.exit(if (entry$state$ran) look_around(entry), add = TRUE, after = FALSE)
  evaluated(evaluator, c(p, v), call)
}

# What one of evaluator.py's makes of numbers.
evaluated <- function(evaluator, numbers, call) {
  tryCatch(
    dot_call(native()$numbers, evaluator, numbers),
    python_error = function(condition) {
      condition$call <- call
      stop(condition)
    }
  )
}

# Why what was to be compiled is not, once.
tell_of_compiling <- function(entry, evaluator) {
  why <- entry$why %||% call_python("evaluator.reason", evaluator)
  if (is.null(why)) return()
  entry$told <- TRUE
  message("torchbridge: the function is not compiled: ", why)
}

evaluator_of <- function(entry, verb, free, compile, n = NULL) {
  key <- paste(c(verb, free, if (compile) "compiled"), collapse = " ")
  found <- entry$evaluators[[key]]
  if (is.null(found)) {
    places <- if (!is.null(free)) as_torch_tensor(free - 1, dtype = "int64")
    found <- call_python("evaluator.Evaluator", entry$replay, verb, places, compile, n)
    entry$evaluators[[key]] <- found
  }
  found
}

held_replay <- function(target) {
  entry <- target$replay
  if (is.null(entry)) return(NULL)
  if (!world_holds(entry, environment(users_code(target$func)))) return(take_replay(target))
  entry$used <- entry$used + 1L
  entry
}

# Is what the function has seen as it was?
world_holds <- function(entry, frame) {
  if (!is.null(entry$why) || entry$state$ran || isTRUE(entry$spent)) return(FALSE)
  for (group in entry$world) {
    now <- mget(
      group$names, group$frame %||% frame, group$mode, ifnotfound = list(absent), inherits = TRUE
    )
    if (!same_values(now, group$values)) return(FALSE)
  }
  same_methods(entry, frame)
}

same_methods <- function(entry, frame) {
  for (seen in entry$methods) {
    if (!identical(methods_there(seen$prefixes, seen$frame %||% frame), seen$names)) return(FALSE)
  }
  TRUE
}

# What may be S3 methods of the user's, by their names.
methods_there <- function(prefixes, from) {
  found <- lapply(users_environments(from, NULL), function(env) {
    names <- grep(".", names(env), fixed = TRUE, value = TRUE)
    unlist(lapply(prefixes, function(prefix) sort(names[startsWith(names, prefix)])))
  })
  as.character(unlist(found))
}

same_values <- function(x, y) identical(x, y, num.eq = FALSE, single.NA = FALSE)

look_around <- function(entry) {
  world <- list2env(
    list(
      names = character(), frames = list(), modes = character(), values = list(), methods = list(),
      size = 0
    ),
    parent = emptyenv()
  )
  world$seen <- list()
  see_function(entry$func, world)
  for (value in entry$extra) see_value(value, "an argument", world)
  why <- world$why %||% call_python("replay.reason", entry$replay)
  if (!is.null(why) && !is.null(entry$template)) return(without_template(entry, why))
  held <- if (is.null(why)) call_python("replay.held_bytes", entry$replay) else 0
  # What is held stays in memory; where there is much, R's part of the time is small.
  much <- world$size > 2^20 || held > 2^24
  if (is.null(why) && world$size + held > 2^29) why <- "it reads more than 500 MB"
  if (is.null(why) && much && !entry$lasting) why <- much_data
  if (is.null(why)) {
    entry$world <- grouped(world)
    entry$methods <- world$methods
    entry$users_methods <- isTRUE(world$users_methods)
    if (!is.null(entry$template)) take_tapes(entry)
    if (much) forget_replay(entry)
  } else {
    give_up(entry, why)
  }
  entry$state$ran <- FALSE
}

much_data <- "it reads more than 1 MB"

# Only who has it already keeps it.
forget_replay <- function(entry) {
  code <- body(entry$func)
  others <- Filter(function(other) !identical(other, entry), kept_replays(code))
  if (length(others) > 0L) {
    utils::sethash(the$replays, code, others)
  } else {
    utils::remhash(the$replays, code)
  }
}

# What one look gives: the names that are looked up from one frame in one mode.
grouped <- function(world) {
  groups <- list()
  for (i in seq_along(world$names)) {
    frame <- world$frames[[i]]
    mode <- world$modes[[i]]
    at <- 0L
    for (k in seq_along(groups)) {
      if (identical(groups[[k]]$frame, frame) && groups[[k]]$mode == mode) at <- k
    }
    if (at == 0L) {
      at <- length(groups) + 1L
      groups[[at]] <- list(frame = frame, mode = mode, values = list())
    }
    groups[[at]]$values[world$names[[i]]] <- world$values[i]
  }
  lapply(groups, function(group) c(group, list(names = names(group$values))))
}

# From now on R runs the function, and nothing of it is held.
give_up <- function(entry, why) {
  entry$why <- why
  entry$replay <- entry$world <- entry$methods <- NULL
  entry$func <- entry$extra <- entry$evaluators <- NULL
  if (isTRUE(getOption("torchbridge.verbose"))) {
    message("torchbridge: a function is not replayed: ", why, ".")
  }
}

see_function <- function(f, world) {
  for (known in world$seen) if (identical(known, f)) return()
  world$seen <- c(world$seen, list(f))
  reading <- read_function(f)
  if (length(reading$packages) > 0L) {
    world$why <- paste0("it calls `", reading$packages[1L], "::`")
    return()
  }
  from <- environment(f)
  # (What an argument is called outside does not matter, unless a function of that name is called.)
  for (name in setdiff(reading$names, setdiff(names(formals(f)), reading$heads))) {
    if (!is.null(world$why)) return()
    see_name(name, name %in% reading$heads, name %in% reading$assigned, from, world)
  }
  see_methods(reading$prefixes, from, world)
  # Where there are classes of the user's, there may be another method tomorrow.
  if (any(c("UseMethod", "structure", "class<-", "attr<-", "NextMethod") %in% reading$heads)) {
    own <- identical(from, environment(world$seen[[1L]]))
    world$methods <- c(world$methods, list(list(
      prefixes = reading$prefixes, frame = if (!own) from,
      names = methods_there(reading$prefixes, from)
    )))
  }
}

see_name <- function(name, called, assigned, from, world) {
  if (!nzchar(name)) return()
  where <- environment_of(name, from)
  if (is.null(where)) {
    if (called && !assigned) world$why <- paste0("nothing says what `", name, "` is")
    return()
  }
  if (bindingIsActive(name, where)) {
    world$why <- paste0("`", name, "` is an active binding")
    return()
  }
  # An argument that nobody has asked for was not needed.
  if (!is_packages(where) && rlang::env_binding_are_lazy(where, name)) return()
  value <- tryCatch(get(name, envir = where, inherits = FALSE), error = function(e) absent)
  if (identical(value, absent)) return()
  note_name(name, "any", value, from, world)
  if (called && !is.function(value)) {
    value <- get0(name, envir = from, mode = "function")
    if (is.null(value)) {
      if (!assigned) world$why <- paste0("nothing says what `", name, "` is")
      return()
    }
    note_name(name, "function", value, from, world)
  }
  # (An argument `sigma` is not the function of that name.)
  if (!assigned || called || is_users(value)) see_value(value, name, world, from)
}

environment_of <- function(name, env) {
  while (!identical(env, emptyenv())) {
    if (exists(name, envir = env, inherits = FALSE)) return(env)
    env <- parent.env(env)
  }
  NULL
}

# The frame is NULL where it is the function's own, which may be another next time.
note_name <- function(name, mode, value, from, world) {
  world$names <- c(world$names, name)
  world$modes <- c(world$modes, mode)
  own <- identical(from, environment(world$seen[[1L]]))
  world$frames <- c(world$frames, list(if (!own) from))
  world$values <- c(world$values, list(value))
}

see_value <- function(value, name, world, from = globalenv()) {
  if (is.function(value)) {
    if (is_users(value)) {
      see_function(value, world)
    } else if (!name %in% pure_functions || !is_known_function(name, value, from)) {
      world$why <- paste0("it calls `", name, "`")
    }
    return()
  }
  if (is_tensor(value)) return()
  if (!is_plain_data(value)) {
    world$why <- paste0("`", name, "` is ", friendly_type(value))
    return()
  }
  world$size <- world$size + as.numeric(utils::object.size(value))
}

# R's own by this name, or ours.
is_known_function <- function(name, value, from) {
  if (is.primitive(value)) return(TRUE)
  space <- topenv(environment(value) %||% baseenv())
  identical(space, topenv()) || is_rs_own(name, from)
}

# Vectors, factors, data frames and lists of these: nothing that could change by itself.
is_plain_data <- function(x) {
  if (is.null(x)) return(TRUE)
  # (Of another class there may be methods tomorrow.)
  if (isS4(x) || is.object(x) && !all(class(x) %in% plain_classes)) return(FALSE)
  if (is.list(x)) {
    if (length(x) > 1000L) return(FALSE)
    for (part in unclass(x)) if (!is_plain_data(part)) return(FALSE)
    return(TRUE)
  }
  is.atomic(x)
}

plain_classes <- c(
  "factor", "ordered", "data.frame", "Date", "POSIXct", "POSIXt", "difftime", "table", "noquote"
)

# S3 methods of the user's, of what the code calls.
see_methods <- function(prefixes, from, world) {
  for (env in users_environments(from, NULL)) {
    there <- names(env)
    dotted <- there[grepl(".", there, fixed = TRUE)]
    for (prefix in prefixes) {
      for (name in dotted[startsWith(dotted, prefix)]) {
        value <- get0(name, envir = env, inherits = FALSE)
        if (is.function(value) && is.null(world$why)) {
          world$users_methods <- TRUE
          note_name(name, "function", value, env, world)
          see_value(value, name, world, env)
        }
      }
    }
  }
}
