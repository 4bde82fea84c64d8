# Files that R's torch wrote, of its format (safetensors) and its former one (.rds). Reading makes
# tensors, R data, datasets and modules of them, and runs none of the code in them: the R objects
# are checked by bridge/saving/r_stream.py, and asked by what looks and never calls.
# Files to try are there, too; Tests: tests/saving/test_rtorch_format.py.

# `content` is what files.load() gives of such a file; `from` says where it is from.
load_rtorch <- function(content, device, module, weights_only, from, call) {
  found <- if (is.null(content$rds)) {
    list(type = content$r$type, object = content$r$object, tensors = content$tensors)
  } else {
    former_parts(content$rds, device, call)
  }
  if (!is.null(module)) {
    if (!identical(found$type, "module")) no_module(from, call)
    return(load_module(list(class = "module", state = found$tensors), module, from, call))
  }
  switch(found$type,
    tensor = found$tensors[[1L]],
    exhausted = as.symbol(".__exhausted__."),
    list = put_tensors(read_rtorch(found$object, weights_only, from, call), found$tensors),
    module = ,
    state_dict = {
      object <- read_rtorch(found$object, weights_only, from, call)
      if (found$type == "module") {
        rtorch_module(object, new_rtorch_reading(found$tensors), "")
      } else {
        rtorch_dataset(object, found$tensors)
      }
    },
    stop("it holds the unknown type ", found$type)
  )
}

no_module <- function(from, call) {
  where <- if (nzchar(from)) paste0(": ", from)
  abort(call, "`module` is given, but no module was saved there", where, ".")
}

# The R object beside the tensors; of a former file it has been read.
read_rtorch <- function(object, weights_only, from, call) {
  if (!is.raw(object)) {
    check_only_data(object$has_code, weights_only, from, call)
    return(object$value)
  }
  checked <- checked_stream(object, "r_torch")
  check_only_data(checked$has_code, weights_only, from, call)
  value <- unserialize(checked$data)
  if (checked$has_code) our_functions(value)
  value
}

check_only_data <- function(has_code, weights_only, from, call) {
  if (weights_only && has_code) {
    abort(
      call, "`path`: ", if (nzchar(from)) paste(from, "") else "it ",
      "has R functions, and `weights_only` is TRUE."
    )
  }
}

# ---- the former format: a list of bytes that C++'s torch::save() wrote ----

former_parts <- function(bytes, device, call) {
  checked <- checked_stream(bytes, "r_torch")
  saved <- unserialize(checked$data)
  type <- if (is_plain_list(saved)) saved$type
  if (!is_string(type)) {
    abort(call, "`path`: it is an .rds file, but not of torch_save(): read it by readRDS().")
  }
  version <- saved$version
  if (!is.null(version) && !(is_number(version) && version <= 3)) {
    abort(call, "`path`: it was written by a later torch (format ", format(version), ").")
  }
  object <- function(value) list(value = value, has_code = checked$has_code)
  switch(type,
    tensor = list(type = type, tensors = list(former_tensor(saved, device))),
    module = list(
      type = type, object = object(our_functions(saved$module)),
      tensors = lapply(as_plain_list(saved$state_dict), former_bytes, device)
    ),
    list = list(type = type, object = object(former_values(saved$values, device))),
    `coro::exhausted` = list(type = "exhausted"),
    stop("it holds the unknown type ", type)
  )
}

# The archive is text in Base64 before version 2.
former_tensor <- function(saved, device) {
  values <- if (is_plain_list(saved)) saved$values
  if (!is.raw(values) && !is_string(values)) stop("a tensor in it is missing")
  call_python("tensor_archives.tensor", as.vector(values), device)
}

# A tensor inside a list or a state is an .rds file of its own.
former_bytes <- function(bytes, device) {
  if (!is.raw(bytes)) stop("a tensor in it is missing")
  stream <- call_python("rds.stream", as.vector(bytes))
  former_tensor(unserialize(checked_stream(stream, "file")$data), device)
}

former_values <- function(x, device) {
  if (is.raw(x) && inherits(x, "torch_serialized_tensor")) return(former_bytes(x, device))
  each_element(x, former_values, device)
}

# ---- tensors in lists ----

# In the file a tensor is its name.
put_tensors <- function(x, tensors) {
  if (is.character(x) && inherits(x, "torch_tensor_address")) {
    return(named_tensor(as.vector(unclass(x)), tensors))
  }
  if (inherits(x, "nn_module")) {
    warning(
      "R's torch wrote a module in a list without its tensors: it is NULL", call. = FALSE
    )
    return(NULL)
  }
  each_element(x, put_tensors, tensors)
}

# A list with a function of each of its elements, and all of its attributes.
each_element <- function(x, fun, ...) {
  if (typeof(x) != "list") return(x)
  attributes <- attributes(x)
  x <- lapply(unclass(x), fun, ...)
  attributes(x) <- attributes
  x
}

# ---- datasets ----

# An R6 object whose tensors are fields of it. R torch's own methods, which it has got from its
# class, find ours of the same names.
rtorch_dataset <- function(object, tensors) {
  inner <- r6_scope(object)
  load <- get0("load_state_dict", envir = object, inherits = FALSE)
  if (is.function(load) && identical(environment(load), inner)) {
    stop("its class has a `load_state_dict()` of its own, which reading would run")
  }
  bind_again(object, new.env(parent = emptyenv()))
  for (name in names(tensors)) {
    if (!exists(name, envir = object, inherits = FALSE) || bindingIsActive(name, object)) {
      stop("it has no field `", name, "` for a tensor")
    }
    assign(name, tensors[[name]], envir = object)
  }
  for (name in setdiff(ls(object, all.names = TRUE), names(tensors))) {
    if (!bindingIsActive(name, object) && has_dead(get(name, envir = object))) {
      warning(
        "R's torch wrote the dataset without the tensors in `", name, "`: they are NULL",
        call. = FALSE
      )
      assign(name, without_dead(get(name, envir = object)), envir = object)
    }
  }
  object
}

# Is there a tensor or module whose pointer leads nowhere?
has_dead <- function(x) {
  is_dead(x) || typeof(x) == "list" && any(vapply(unclass(x), has_dead, NA))
}

without_dead <- function(x) if (is_dead(x)) NULL else each_element(x, without_dead)

# Where the methods of an object find `self` and `private`.
r6_scope <- function(object) {
  inner <- if (is.environment(object)) get0(".__enclos_env__", envir = object, inherits = FALSE)
  if (!is.environment(inner) || is.object(inner)) stop("an R6 object in it is damaged")
  inner
}

# ---- modules ----

# An R6 object in a function. Layers of R's torch are made as ours, from their fields, which have
# the names of the arguments; other classes are made from their methods as nn_module() makes them.
rtorch_module <- function(face, reading, prefix) {
  object <- if (is.function(face)) attr(face, "module", exact = TRUE)
  inner <- r6_scope(object)
  private <- get0("private", envir = inner, inherits = FALSE)
  classes <- get0(".classes", envir = object, inherits = FALSE)
  if (!is.environment(private) || is.object(private) || !is.character(classes)) {
    stop("a module in it is damaged")
  }
  address <- rlang::obj_address(object)
  known <- reading$made[[address]]
  if (!is.null(known)) return(known)
  if (isTRUE(reading$open[[address]])) stop("a module is its own part")
  reading$open[[address]] <- TRUE
  part <- list(object = object, inner = inner, private = private, name = classes[1L])
  made <- if (is_rtorch_layer(part)) {
    make_layer(part, reading, prefix)
  } else {
    make_of_class(part, reading, prefix)
  }
  training <- isTRUE(get0("training_", envir = private, inherits = FALSE))
  call_python("saved_modules.set_training", made, training)
  reading$made[[address]] <- made
  made
}

new_rtorch_reading <- function(tensors) {
  list2env(
    list(
      tensors = tensors, made = new.env(parent = emptyenv()), open = new.env(parent = emptyenv())
    ),
    parent = emptyenv()
  )
}

# Is its class one of R's torch, and known here?
is_rtorch_layer <- function(part) {
  of_torch(parent.env(part$inner)) && is_string(part$name) &&
    exists(part$name, envir = topenv(), inherits = FALSE) &&
    inherits(get(part$name, envir = topenv()), "nn_module_generator")
}

# R6 looks a class's parent up in an environment between its methods and where it was written.
of_torch <- function(env) identical(env, topenv()) || identical(parent.env(env), topenv())

make_layer <- function(part, reading, prefix) {
  name <- part$name
  generator <- get(name, envir = topenv())
  if (name %in% c("nn_sequential", "nn_module_list", "nn_module_dict")) {
    made <- call_python("saved_modules.container", container_classes[[name]])
    return(add_parts_of(made, part, reading, prefix))
  }
  arguments <- layer_arguments(part, generator, reading, prefix)
  python <- attr(generator, "definition")
  if (!is.null(python$env)) return(do.call(generator, arguments)) # ours is in R: it has no tensors
  made <- call_python(
    "saved_modules.layer", python$python, arguments, state_below(reading$tensors, prefix)
  )
  made$train(isTRUE(get0("training_", envir = part$private, inherits = FALSE))) # its parts, too
}

state_below <- function(tensors, prefix) {
  found <- tensors[startsWith(names(tensors), prefix)]
  stats::setNames(found, substring(names(found), nchar(prefix) + 1L))
}

# A layer's arguments are its fields.
layer_arguments <- function(part, generator, reading, prefix) {
  special <- arguments_of_special[[part$name]]
  if (!is.null(special)) return(special(part, reading, prefix))
  parameters <- get0("parameters_", envir = part$private, inherits = FALSE)
  buffers <- get0("buffers_", envir = part$private, inherits = FALSE)
  found <- list()
  for (name in setdiff(names(formals(generator)), c("...", "device", "dtype"))) {
    if (name == "bias" || name == "add_bias_kv") {
      has <- (if (name == "bias") c("bias", "in_proj_bias", "bias_ih_l1") else "bias_k")
      found[[name]] <- any(has %in% names(parameters))
    } else if (name %in% names(buffers)) { # the weights of classes
      found[[name]] <- named_tensor(paste0(prefix, name), reading$tensors)
    } else if (exists(name, envir = part$object, inherits = FALSE)) {
      value <- get(name, envir = part$object, inherits = FALSE)
      if (is.function(value) || is.environment(value) || is.object(value)) {
        stop("the field `", name, "` of a ", part$name, " is no data")
      }
      found[name] <- list(value)
    }
  }
  found
}

# What is not in the fields under the names of the arguments.
arguments_of_special <- list(
  nn_pairwise_distance = function(part, reading, prefix) {
    fields <- mget(c("norm", "eps", "keepdim"), envir = part$object)
    stats::setNames(fields, c("p", "eps", "keepdim"))
  },
  nn_transformer_encoder_layer = function(part, reading, prefix) {
    child <- function(name) child_of(part, name)$object
    attention <- child("self_attn")
    first <- child("linear1")
    list(
      d_model = get("embed_dim", envir = attention), nhead = get("num_heads", envir = attention),
      dim_feedforward = get("out_features", envir = first),
      dropout = get("p", envir = child("dropout")),
      activation = activation_of(part), layer_norm_eps = get("eps", envir = child("norm1")),
      batch_first = isTRUE(get("batch_first", envir = attention)),
      norm_first = isTRUE(get0("norm_first", envir = part$object, inherits = FALSE)),
      bias = paste0(prefix, "linear1.bias") %in% names(reading$tensors)
    )
  },
  nn_transformer_encoder = function(part, reading, prefix) {
    layers <- child_of(part, "layers")
    all <- get("modules_", envir = layers$private)
    first <- rtorch_module(all[[1L]], reading, paste0(prefix, "layers.", names(all)[1L], "."))
    norm <- child_of(part, "norm")
    list(
      encoder_layer = first, num_layers = length(all),
      norm = if (!is.null(norm)) rtorch_module(norm$face, reading, paste0(prefix, "norm.")),
      enable_nested_tensor = FALSE
    )
  },
  nn_triplet_margin_with_distance_loss = function(part, reading, prefix) {
    fields <- mget(c("margin", "swap", "reduction"), envir = part$object)
    own <- child_of(part, "distance_function")
    if (!is.null(own)) {
      fields$distance_function <-
        rtorch_module(own$face, reading, paste0(prefix, "distance_function."))
    }
    fields
  }
)

child_of <- function(part, name) {
  face <- as_plain_list(get("modules_", envir = part$private))[[name]]
  if (is.null(face)) return(NULL)
  object <- attr(face, "module", exact = TRUE)
  list(face = face, object = object, private = get("private", envir = r6_scope(object)))
}

activation_of <- function(part) {
  found <- get0("activation_relu_or_gelu", envir = part$object, inherits = FALSE)
  if (identical(as.integer(found), 2L)) "gelu" else "relu"
}

add_parts_of <- function(made, part, reading, prefix) {
  children <- as_plain_list(get0("modules_", envir = part$private, inherits = FALSE))
  for (name in names(children)) {
    if (is.null(children[[name]])) next
    made$add_module(name, rtorch_module(children[[name]], reading, paste0(prefix, name, ".")))
  }
  made
}

# ---- modules that are written in R ----

make_of_class <- function(part, reading, prefix) {
  between <- parent.env(part$inner)
  own <- mget(ls(part$object, all.names = TRUE), envir = part$object)
  own <- own[setdiff(names(own), c(
    ".__enclos_env__", ".classes", "clone", "..refer_to_state_dict.."
  ))]
  inside <- mget(ls(part$private, all.names = TRUE), envir = part$private)
  inside <- inside[setdiff(names(inside), c(names(private_parts), ".__clone_r6__"))]
  is_method <- function(x) {
    is.function(x) && !is.object(x) && !is.primitive(x) && (
      identical(environment(x), part$inner) || is_inherited(environment(x), part$inner)
    )
  }
  is_own <- function(x) is_method(x) && identical(environment(x), part$inner)
  active <- get0(".__active__", envir = part$inner, inherits = FALSE)
  definition <- new_module_definition(
    part$name,
    parent = parent_definition(get0("inherit", envir = between, inherits = FALSE), list()),
    methods = Filter(is_own, own), private = Filter(is_own, inside),
    active = as_plain_list(active)[setdiff(names(active), made_by_torch)],
    env = parent.env(between)
  )
  check_definition(definition)
  half <- new_half(definition)
  call_python("modules.create", python_class(definition), half$access)
  fill_fields(half$fields, Filter(Negate(is_dead), Filter(Negate(is_method), own)))
  fill_fields(half$scopes[[1L]]$private, Filter(Negate(is_method), inside))
  initialize_layer(half$face, definition, part, reading, prefix)
  fill_tensors(half$face, part, reading, prefix)
  add_parts_of(half$face, part, reading, prefix)
}

# What inherits from a layer has that layer's fields.
initialize_layer <- function(face, definition, part, reading, prefix) {
  while (!is.null(definition$env)) definition <- definition$parent
  name <- definition$name
  if (is.null(name) || name %in% names(container_classes)) return()
  part$name <- name
  arguments <- layer_arguments(part, get(name, envir = topenv()), reading, prefix)
  call_python("saved_modules.initialize_base", face, arguments)
}

made_by_torch <- c("training", "parameters", "buffers", "modules", "children")

# Methods of parents are bound in scopes of their own, which know the same `private`.
is_inherited <- function(env, inner) {
  identical(get0("private", envir = env, inherits = FALSE), get("private", envir = inner)) &&
    identical(get0("self", envir = env, inherits = FALSE), get("self", envir = inner))
}

# A tensor or a module in a place that R's torch does not save: its pointer leads nowhere.
is_dead <- function(x) typeof(x) == "externalptr" || inherits(x, "nn_module")

fill_tensors <- function(face, part, reading, prefix) {
  tensors_of <- function(kind) {
    names <- names(get0(kind, envir = part$private, inherits = FALSE))
    keys <- paste0(prefix, names)
    there <- keys %in% names(reading$tensors)
    stats::setNames(reading$tensors[keys[there]], names[there])
  }
  call_python(
    "saved_modules.fill_state", face, tensors_of("parameters_"), tensors_of("buffers_")
  )
}

# Of what an R6 generator says: the classes that are inherited from, to one of ours.
parent_definition <- function(generator, below) {
  if (is.null(generator)) return(attr(nn_Module, "definition"))
  if (!is.environment(generator) || any(vapply(below, identical, NA, generator))) {
    stop("a class in it is damaged")
  }
  of <- function(name) get0(name, envir = generator, inherits = FALSE)
  name <- of("classname")
  between <- of("parent_env")
  if (!is.environment(between)) stop("a class in it is damaged")
  if (of_torch(between)) {
    if (identical(name, "nn_Module")) return(attr(nn_Module, "definition"))
    known <- if (is_string(name)) get0(name, envir = topenv(), inherits = FALSE)
    if (inherits(known, "nn_module_generator")) return(attr(known, "definition"))
  }
  methods <- as_plain_list(of("public_methods"))
  private <- as_plain_list(of("private_methods"))
  new_module_definition(
    name,
    parent = parent_definition(
      get0("inherit", envir = between, inherits = FALSE), c(below, list(generator))
    ),
    methods = methods[setdiff(names(methods), "clone")],
    private = private[setdiff(names(private), ".__clone_r6__")],
    active = as_plain_list(of("active")), env = parent.env(between)
  )
}

is_plain_list <- function(x) typeof(x) == "list" && !is.object(x)

# NULL is an empty list.
as_plain_list <- function(x) {
  if (is.null(x)) return(list())
  if (!is_plain_list(x)) stop("a list in it is none")
  x
}

# ---- writing for R's torch ----

# Beside our description of a tensor or a list: what R's torch makes it of. NULL of what it does
# not read: modules, R data alone, lists with tensors in attributes.
for_rtorch <- function(obj, tree, tensors) {
  if (tree$kind == "tensor") return(list(type = "tensor"))
  if (tree$kind != "list" || !is_readable_there(tree)) return(NULL)
  first <- if (length(tensors) > 1L) call_python("files.same_tensors", tensors)
  object <- with_addresses(obj, tree, function(name) {
    structure(if (is.null(first)) name else first[[name]], class = "torch_tensor_address")
  })
  list(type = "list", object = serialize(object, NULL))
}

is_readable_there <- function(node) {
  plain <- function(attribute) !holds_tensor(attribute)
  if (node$kind %in% c("module", "r_module", "module_again", "code")) return(FALSE)
  all(vapply(node$attributes, plain, NA)) && all(vapply(node$items, is_readable_there, NA))
}

holds_tensor <- function(node) {
  node$kind == "tensor" || any(vapply(c(node$items, node$attributes), holds_tensor, NA))
}

# R's value, with an address in the place of each tensor.
with_addresses <- function(x, node, address) {
  if (node$kind == "tensor") return(address(node$name))
  if (node$kind != "list") return(x)
  attributes <- attributes(x)
  x <- lapply(seq_along(node$items), function(i) {
    with_addresses(.subset2(x, i), node$items[[i]], address)
  })
  attributes(x) <- attributes
  x
}
