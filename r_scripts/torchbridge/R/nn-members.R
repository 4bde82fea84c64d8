# What `$` finds in a module, and what `$<-` puts there.

#' @rdname nn_module
#' @usage NULL
#' @export
`$.nn_module` <- function(x, name) {
  half <- environment(x)
  value <- .subset2(.subset2(half, "fields"), name)
  if (!is.null(value)) return(value)
  child <- .subset2(.subset2(half, "children"), name)
  if (!is.null(child)) {
    if (half$told || dot_call(native()$call, half$is_child, list(half$handle, name, child))) {
      return(child)
    }
  }
  handle <- .subset2(half, "handle")
  if (is.null(handle)) return(generator_member(x, name))
  tensor <- dot_call(native()$call, half$tensor_of, list(handle, name))
  if (is.null(tensor)) other_member(x, name) else tensor
}

#' @export
`[[.nn_module` <- function(x, name) {
  if (is.numeric(name) && length(name) == 1L) return(call_python("module_members.item", x, name))
  check_string(name, "name")
  `$.nn_module`(x, name)
}

#' @export
`$<-.nn_module` <- function(x, name, value) { # nolint: object_name_linter.
  half <- environment(x)
  fields <- half$fields
  if (is.null(fields)) {
    abort(
      sys.call(), "`", name, "` cannot be set: this is no module, but the function that makes one."
    )
  }
  here <- exists(name, envir = fields, inherits = FALSE)
  is_module <- is_nn_module(value)
  if (!here && name %in% names(module_parts)) {
    stop(errorCondition(
      paste0(
        "It's not possible to modify the list of `", name, "`: change a tensor in place, or ",
        "assign `module$name <- value`."
      ),
      class = "runtime_error", call = sys.call()
    ))
  }
  of_python <- !(here && bindingIsActive(name, fields)) &&
    (is_module || inherits(value, "torch_tensor") || !here)
  if (!of_python || !assign_in_python(half, name, value, here, sys.call())) {
    assign_field(half, name, value)
  } else {
    assign(name, if (is_module) value, envir = half$children)
  }
  x
}

#' @export
`[[<-.nn_module` <- function(x, name, value) {
  if (is.numeric(name) && length(name) == 1L) {
    call_python("module_members.set_item", x, name, value)
    return(x)
  }
  check_string(name, "name")
  `$<-.nn_module`(x, name, value)
}

# Does Python take the value? What it takes is no field of R any more.
assign_in_python <- function(half, name, value, here, call) {
  if (!inherits(value, "torch_tensor") && !is_nn_module(value) && !is.null(half$definition) &&
      !dot_call(native()$call, python_handle("owns"), list(half$handle, name))) {
    return(FALSE)
  }
  before <- if (here) half$fields[[name]]
  if (here) rm(list = name, envir = half$fields)
  taken <- FALSE
  on.exit(if (here && !taken) assign(name, before, envir = half$fields))
  taken <- with_call(
    call, dot_call(native()$call, python_handle("assign"), list(half$handle, name, value))
  )
}

assign_field <- function(half, name, value) {
  assign(name, value, envir = half$fields)
  if (name == "forward") half$forward <- value
  invisible()
}

# An error of Python's with the call of the user.
with_call <- function(call, expr) {
  tryCatch(expr, python_error = function(condition) {
    condition$call <- call
    stop(condition)
  })
}

#' @export
names.nn_module <- function(x) {
  if (inherits(x, "nn_module_generator")) return(ls(generator_members))
  half <- environment(x)
  unique(c(ls(half$fields), unlist(call_python("module_members.member_names", x))))
}

#' @export
.DollarNames.nn_module <- function(x, pattern = "") { # nolint: object_name_linter.
  more <- if (!inherits(x, "nn_module_generator")) ls(module_members)
  grep(pattern, unique(c(names(x), more)), value = TRUE)
}

# NULL is what a module does not have, as in R torch.
other_member <- function(x, name) {
  half <- environment(x)
  if (exists(name, envir = half$fields, inherits = FALSE)) return(NULL)
  member <- module_members[[name]]
  if (!is.null(member)) return(member(x))
  value <- tryCatch(
    dot_call(native()$getattr, x, name),
    AttributeError = function(condition) {
      if (!grepl(paste0("'", name, "'"), conditionMessage(condition), fixed = TRUE)) stop(condition)
    }
  )
  if (is_nn_module(value)) assign(name, value, envir = half$children)
  if (name %in% counted_members) value <- call_python("layers.member_for_r", x, name, value)
  value
}

# Those that may name a dim or a class, which PyTorch's layers count from 0.
counted_members <- c("dim", "start_dim", "end_dim", "padding_idx", "ignore_index")

# ---- members of every module ----

# Each is a function of the module that gives the value, or the method.

# What a module is made of.
module_parts <- list(
  parameters = function(self) named(call_python("module_members.parameters", self)),
  named_parameters = function(self) {
    function(recursive = TRUE) {
      check_flag(recursive, "recursive")
      named(call_python("module_members.parameters", self, recursive))
    }
  },
  buffers = function(self) named(call_python("module_members.buffers", self)),
  named_buffers = function(self) {
    function(recursive = TRUE) {
      check_flag(recursive, "recursive")
      named(call_python("module_members.buffers", self, recursive))
    }
  },
  children = function(self) named(call_python("module_members.children", self)),
  named_children = function(self) {
    function() named(call_python("module_members.children", self))
  },
  modules = function(self) call_python("module_members.modules", self),
  named_modules = function(self) {
    function() call_python("module_members.modules", self)
  }
)

# What it computes and keeps.
module_state <- list(
  forward = function(self) {
    function(...) self(...)
  },
  state_dict = function(self) {
    function(prefix = "", keepvars = FALSE) {
      check_string(prefix, "prefix")
      check_flag(keepvars, "keepvars")
      named(call_python("module_members.state_dict", self, prefix, keepvars))
    }
  },
  load_state_dict = function(self) {
    function(state_dict, ..., .refer_to_state_dict = FALSE, strict = NULL) {
      check_no_dots(...)
      if (!is.null(strict)) check_flag(strict, "strict")
      check_flag(.refer_to_state_dict, ".refer_to_state_dict")
      if (!is.list(state_dict)) {
        abort(
          sys.call(), "`state_dict` must be a named list of tensors, not ",
          friendly_type(state_dict), "."
        )
      }
      call_python(
        "module_members.load_state_dict", self, state_dict, strict, .refer_to_state_dict
      )
      invisible(self)
    }
  },
  apply = function(self) {
    function(fn) {
      if (!is.function(fn)) {
        abort(sys.call(), "`fn` must be a function, not ", friendly_type(fn), ".")
      }
      call_python("module_members.apply", self, fn)
      invisible(self)
    }
  },
  .apply = function(self) {
    function(fn) {
      if (!is.function(fn)) {
        abort(sys.call(), "`fn` must be a function, not ", friendly_type(fn), ".")
      }
      call_python("module_members.apply_tensors", self, fn)
      invisible(self)
    }
  },
  clone = function(self) {
    function(deep = FALSE, ..., replace_values = TRUE) {
      clone_module(self, deep = deep, ..., replace_values = replace_values)
    }
  }
)

# How it computes: modes, dtypes, devices, gradients.
module_modes <- list(
  train = function(self) {
    function(mode = TRUE) {
      check_flag(mode, "mode")
      in_place(self, "train", mode)
    }
  },
  eval = function(self) function() in_place(self, "eval"),
  to = function(self) {
    function(..., dtype = NULL, device = NULL, non_blocking = FALSE) {
      check_no_names(...)
      call_python("module_members.to", self, list(...), dtype, device, non_blocking)
      invisible(self)
    }
  },
  cuda = function(self) {
    function(device = NULL) {
      if (is.numeric(device)) device <- as.integer(device)
      in_place(self, "cuda", device)
    }
  },
  cpu = function(self) function() in_place(self, "cpu"),
  float = function(self) function() in_place(self, "float"),
  double = function(self) function() in_place(self, "double"),
  half = function(self) function() in_place(self, "half"),
  bfloat16 = function(self) function() in_place(self, "bfloat16"),
  requires_grad_ = function(self) {
    function(requires_grad = TRUE) {
      check_flag(requires_grad, "requires_grad")
      in_place(self, "requires_grad_", requires_grad)
    }
  },
  zero_grad = function(self) {
    function(set_to_none = FALSE) {
      check_flag(set_to_none, "set_to_none")
      in_place(self, "zero_grad", set_to_none)
    }
  }
)

# What is put into it.
module_setters <- list(
  add_module = function(self) {
    function(name, module) {
      check_string(name <- as.character(name), "name")
      check_module(module, "module")
      call_python("module_members.register", self, "module", name, module)
      invisible(self)
    }
  },
  register_parameter = function(self) {
    function(name, param) {
      check_string(name, "name")
      if (!is.null(param)) check_tensor(param, "param")
      call_python("module_members.register", self, "parameter", name, param)
      invisible(self)
    }
  },
  register_buffer = function(self) {
    function(name, tensor, persistent = TRUE) {
      check_string(name, "name")
      if (!is.null(tensor)) check_tensor(tensor, "tensor")
      check_flag(persistent, "persistent")
      call_python("module_members.register", self, "buffer", name, tensor, persistent)
      invisible(self)
    }
  },
  append = function(self) {
    function(module) {
      check_module(module, "module")
      call_python("module_members.append", self, list(module))
      invisible(self)
    }
  },
  extend = function(self) {
    function(modules) {
      for (module in as.list(modules)) check_module(module, "modules")
      call_python("module_members.append", self, unname(as.list(modules)))
      invisible(self)
    }
  },
  insert = function(self) {
    function(index, module) {
      check_module(module, "module")
      call_python("module_members.insert", self, index, module)
      invisible(self)
    }
  }
)

# What R6 objects have.
module_r6 <- list(
  .__enclos_env__ = function(self) enclosing_env(environment(self)),
  .classes = function(self) class(self)
)

module_members <- list2env(
  c(module_parts, module_state, module_modes, module_setters, module_r6), parent = emptyenv()
)
module_members$register_module <- module_members$add_module

in_place <- function(self, method, ..., call = sys.call(-1L)) {
  handle <- environment(self)$handle
  with_call(call, dot_call(native()$call, dot_call(native()$getattr, handle, method), list(...)))
  invisible(self)
}

# An empty dict comes as an unnamed list.
named <- function(x) if (length(x) == 0L) stats::setNames(list(), character()) else x

check_no_names <- function(..., call = sys.call(-1L)) {
  names <- ...names()
  unknown <- names[nzchar(names)]
  if (length(unknown) > 0L) abort(call, "Unknown argument: `", unknown[1L], "`.")
}

check_module <- function(x, name, call = sys.call(-1L)) {
  if (is_nn_module(x)) return(invisible())
  maker <- inherits(x, "nn_module_generator")
  abort(
    call, "`", name, "` must be an nn_module, not ",
    if (maker) "a function that makes one: call it" else friendly_type(x), "."
  )
}

check_tensor <- function(x, name, call = sys.call(-1L)) {
  if (!inherits(x, "torch_tensor")) {
    abort(call, "`", name, "` must be a tensor, not ", friendly_type(x), ".")
  }
}
