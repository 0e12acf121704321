#!/bin/sh
# Starts the command line. Deno keeps what it has learnt of the code in a folder of the user's cache, and not among the
# user's own modules; where there is none it learns each time. The command line puts back what it is told in
# SLUICE_LAUNCHER_*, and takes away what it is not told of: scripts/build/launched/environment.ts.
SLUICE_LAUNCHER=1
[ "${HOME+set}" ] && export SLUICE_LAUNCHER_HOME="$HOME"
[ "${DENO_DIR+set}" ] && export SLUICE_LAUNCHER_DENO_DIR="$DENO_DIR"
[ "${DENO_NO_UPDATE_CHECK+set}" ] && export SLUICE_LAUNCHER_DENO_NO_UPDATE_CHECK="$DENO_NO_UPDATE_CHECK"
# Whoever owns a cache decides what is run from it, and whoever owns what it lies in: root, who owns /, has none in the home
# of somebody else.
ours() {
  [ -e "$1" ] || mkdir -p -- "$1" 2>/dev/null
  [ -O "$1" ] && { [ -O "${1%/*}" ] || ! [ -O / ]; }
}
DENO_DIR=/nonexistent
case ${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}} in
  /*) ours "${XDG_CACHE_HOME:-$HOME/.cache}" && DENO_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/sluice-deno ;;
esac
DENO_NO_UPDATE_CHECK=1
export SLUICE_LAUNCHER DENO_DIR DENO_NO_UPDATE_CHECK
exec /usr/lib/sluice/deno run @flags@ /usr/lib/sluice/sluice.js "$@"
