# Starting the Python that was chosen, without reticulate: to load that one loads Matrix, which is
# 150 MB and makes every full collection of R's four times as long. Who uses reticulate later finds
# Python running, and joins it. Tests: test-python-embed.R.

# Starts it, where its libraries are found and nobody has loaded reticulate; else FALSE.
embed_python <- function(python) {
  if (isNamespaceLoaded("reticulate")) return(FALSE)
  libraries <- python_libraries(python)
  if (is.null(libraries)) return(FALSE)
  core <- tryCatch({
    dyn.load(libraries[["python"]], local = FALSE)
    dyn.load(libraries[["core"]])
  }, error = function(condition) NULL)
  if (is.null(core)) return(FALSE)
  code <- paste(
    import_from_elsewhere,
    "import torchbridge.process.host",
    "torchbridge.process.host.started_by_r()",
    sep = "\n"
  )
  tryCatch(
    dot_call(getNativeSymbolInfo("tb_start", core), python, code),
    error = function(condition) no_torchbridge(python, condition, running = TRUE)
  )
  setHook(packageEvent("reticulate", "onLoad"), function(...) join_reticulate())
  TRUE
}

# The files of Python's own library and of our core, which is loaded by the same name when Python
# imports it. NULL where Python has no such library (a program that holds it all), or no
# torchbridge, which reticulate's way says as it always has.
python_libraries <- function(python) {
  if (.Platform$OS.type != "unix") return(NULL)
  said <- suppressWarnings(
    system2(python, c("-c", shQuote(ask_for_libraries)), stdout = TRUE, stderr = FALSE)
  )
  if (length(said) != 2L || !all(file.exists(said))) return(NULL)
  list(python = said[1L], core = said[2L])
}

ask_for_libraries <- paste(
  "import os, sys, sysconfig",
  "from importlib import machinery, util",
  "sys.path = [entry for entry in sys.path if entry]",
  "here = [sysconfig.get_config_var('LIBDIR') or '', os.path.join(sys.base_prefix, 'lib')]",
  "name = sysconfig.get_config_var('INSTSONAME') or ''",
  "files = [os.path.join(folder, name) for folder in here]",
  "files = [file for file in files if '.so' in name and os.path.isfile(file)]",
  "ours = util.find_spec('torchbridge')",
  "where = ours.submodule_search_locations if ours else None",
  "core = machinery.PathFinder.find_spec('torchbridge._native', where) if where else None",
  "for file in files[:1] + ([core.origin] if core else []):",
  "    os.write(1, os.fsencode(file) + b'\\n')",
  sep = "\n"
)

# reticulate has just been loaded: it joins now, while we can put right what it takes over.
join_reticulate <- function() {
  start_reticulate()
  call_python("host.reticulate_has_joined")
}
