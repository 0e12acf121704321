# The warm part for R, which cannot fork. A process that was started ahead reads this file in the place of the site's
# start-up file (R_PROFILE), and waits in it for the variables of the one run it is for. Then R goes on by itself as if
# it had just been started, with the user's start-up file and the script. docs/warm.md describes what passes between it
# and the server.
local({
  Sys.unsetenv("R_PROFILE")
  for (file in Filter(file.exists, file.path(R.home("etc"), c(.Platform$r_arch, ""), "Rprofile.site"))[1]) {
    if (!is.na(file)) for (expression in parse(file, keep.source = FALSE)) eval(expression, baseenv())
  }
  descriptor <- function(fd, mode) base::file(paste0("/proc/self/fd/", fd), mode, raw = TRUE)
  # Base R cannot close a descriptor it has inherited. This library is a part of every R, and is not loaded for long.
  closeDescriptor <- function(fd) {
    library <- dyn.load(file.path(R.home("library"), "parallel", "libs", .Platform$r_arch, "parallel.so"))
    .Call(getNativeSymbolInfo("mc_close_fds", library), fd)
    dyn.unload(library[["path"]])
  }
  # What stands in a file named warm beside the script is what its user wants to have loaded besides.
  runHook <- function() {
    script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])
    script <- gsub("~+~", " ", script, fixed = TRUE) # so Rscript passes a space on
    hook <- file.path(dirname(script), sub(".*(?=\\.)", "warm", basename(script), perl = TRUE))
    if (file.exists(hook) && basename(hook) != basename(script)) sys.source(hook, new.env(parent = globalenv()))
  }

  # A start-up file of the user's own comes before the packages that R attaches itself, and may see which are loaded.
  if (!any(file.exists(".Rprofile", file.path(Sys.getenv("HOME"), ".Rprofile"))) && !exists(".First")) {
    .OptRequireMethods()
    .First.sys() # when R calls it itself, all is there already
    # R compiles each loop before it runs it; most of the first time is spent on the compiler itself.
    if ("compiler" %in% loadedNamespaces()) compiler::compile(quote(while (f(x) > 0) { x <- x[1] - 1; f("a", b = x) }))
    runHook()
  }
  ready <- descriptor(4, "wb")
  writeBin(as.raw(10), ready)
  close(ready)
  closeDescriptor(4L)
  request <- descriptor(3, "rb")
  variables <- readBin(request, "character", 32768)
  close(request)
  closeDescriptor(3L)
  if (length(variables) == 0) quit("no") # nobody wants it any more
  variables <- variables[variables != ""]
  equals <- regexpr("=", variables, fixed = TRUE, useBytes = TRUE)
  values <- as.list(substring(variables, equals + 1))
  names(values) <- substr(variables, 1, equals - 1)
  do.call(Sys.setenv, values)
})
