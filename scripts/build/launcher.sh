#!/bin/sh
# Sluice @version@ for @system@. A shell script with an archive behind it: Deno @deno@ and the command line's code. They are
# unpacked once into the user's cache, under a hash of what they are, and run from there. docs/install.md says where and how.
set +aCefu
unset IFS sluice_id sluice_path sluice_root sluice_app sluice_self sluice_why sluice_words sluice_seen sluice_me
unset sluice_owners sluice_expected sluice_line sluice_uid sluice_outer
sluice_id=@id@
# The system's own tools, whatever PATH has; the user's PATH is not changed.
sluice_path=/usr/bin:/bin${PATH:+:$PATH}

# Looks at folder $1: at itself, at those above it that $2 names, and at its files where $4 names them with their sizes
# and dates. Fails unless all of it is ours or root's and nobody else can write to it. Those that match $3 hold the cache:
# whoever owns one could put another in its place, while a group or a sticky bit is the user's own choice. What is trusted
# is where the folder really is (sluice_app), because a link on the way to it may be changed. Runs one program: `ls`.
sluice_trusted() {
  sluice_outer=$3
  sluice_words=$(
    PATH=$sluice_path
    cd -P -- "$1" 2>/dev/null || exit
    for sluice_seen in $2; do
      if [ -O "$sluice_seen" ]; then printf 'ours '; else printf 'other '; fi
    done
    echo
    pwd -P
    unset BLOCK_SIZE LS_BLOCK_SIZE BLOCKSIZE QUOTING_STYLE TIME_STYLE POSIXLY_CORRECT
    LC_ALL=C TZ=UTC0
    export LC_ALL TZ
    if [ "$4" ]; then exec ls -lnd -- $2 *; else exec ls -lnd -- $2; fi
  ) 2>/dev/null || return
  sluice_owners=${sluice_words%%"$sluice_line"*}
  sluice_words=${sluice_words#*"$sluice_line"}
  sluice_app=${sluice_words%%"$sluice_line"*}
  sluice_me=0
  sluice_seen=
  set -f
  sluice_judged "$4" $sluice_owners / ${sluice_words#*"$sluice_line"}
  set -- $?
  set +f
  return "$1"
}

# Judges what `ls` says: $1 is what is expected, then for each folder whether it is ours, a slash, nine words for each name.
sluice_judged() {
  sluice_expected=$1
  shift
  sluice_owners=
  while [ "$1" != / ]; do
    sluice_owners="$sluice_owners$1 "
    shift
  done
  shift
  while [ $# -ge 9 ]; do
    case $9 in
      $sluice_outer) case $1 in d???????w[!tT]*) return 1 ;; esac ;;
      *) case $1 in ?????w* | ????????w*) return 1 ;; esac ;;
    esac
    case $9 in
      . | .. | ../..*)
        case $1/$sluice_owners in
          d*/ours*) sluice_me=$3 ;;
          d*) [ "$3" = 0 ] || return 1 ;;
          *) return 1 ;;
        esac
        sluice_owners=${sluice_owners#* }
        ;;
      *)
        case $1 in -*) ;; *) return 1 ;; esac
        [ "$3" = 0 ] || [ "$3" = "$sluice_me" ] || return 1
        sluice_seen="$sluice_seen$5 $6$7$8 $9;"
        ;;
    esac
    shift 9
  done
  [ $# = 0 ] && [ "$sluice_seen" = "$sluice_expected" ]
}

# Whether what this file carries lies in the cache folder $1, ready to run.
sluice_ready() {
  sluice_trusted "$1/app/$sluice_id" '. .. ../.. ../../.. ../../../..' '../../..*' '@files@' && [ -x "$sluice_app/deno" ]
}

# Unpacks into the cache folder $1. Prints why it can't.
sluice_unpack() (
  umask 077
  set +f
  PATH=$sluice_path
  unset TAR_OPTIONS GZIP
  if ! sluice_words=$(mkdir -p -- "$1/app" 2>&1); then
    echo "${sluice_words##*: }"
    exit 1
  fi
  if ! sluice_trusted "$1/app" '. .. ../.. ../../..' '../..*' ''; then
    echo 'others can write to it, or it or a folder above it belongs to somebody else'
    exit 1
  fi
  sluice_home=$sluice_app
  sluice_new=$sluice_home/.new.$sluice_id.$$
  sluice_claimed=
  trap 'rm -rf -- "$sluice_new" $sluice_claimed' EXIT
  trap 'exit 1' HUP INT TERM
  rm -rf -- "$sluice_new"
  if ! sluice_words=$(mkdir -- "$sluice_new" 2>&1); then
    echo "${sluice_words##*: }"
    exit 1
  fi
  cd -- "$sluice_home" && sluice_claim || exit 0
  if ! sluice_words=$( { tail -c +@offset@ -- "$sluice_self" | gzip -dc | (cd -- "$sluice_new" && tar -xof -); } 2>&1); then
    echo "unpacking failed: ${sluice_words%%"$sluice_line"*}"
    exit 1
  fi
  if [ "$(sluice_sum)" != @sum@ ]; then
    echo "what was unpacked is not what was packed: $sluice_self is damaged or was changed"
    exit 1
  fi
  if ! [ -x "$sluice_new/deno" ]; then
    echo 'no program may be run from there (noexec)'
    exit 1
  fi
  if ! sluice_words=$(HOME=$sluice_new DENO_DIR=$sluice_new/.deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1 "$sluice_new/deno" run @flags@ \
    "$sluice_new/place.js" "$sluice_home" "$sluice_id" "$sluice_new" 2>&1 </dev/null); then
    echo "what was unpacked does not run: $sluice_words"
    exit 1
  fi
)

# Lets one of many that start at once unpack, for speed alone: the rename at the end keeps them apart. Fails when another
# one has done it. A claim names its process, so that nobody waits for one that is gone; none is waited for over 2 minutes.
sluice_claim() {
  sluice_tries=0
  while ! mkdir -- ".claim.$sluice_id"; do
    while sluice_held; do
      sluice_tries=$((sluice_tries + 1))
      [ "$sluice_tries" -gt 240 ] && return 0
      sleep 0.5 || sleep 1
    done
    sluice_ready "$sluice_root" && return 1
    rm -rf -- ".claim.$sluice_id"
  done 2>/dev/null
  sluice_claimed=.claim.$sluice_id
  echo $$ >"$sluice_claimed/pid"
  ! sluice_ready "$sluice_root"
}

# Whether there is a claim, and its process too, which has some seconds to say who it is.
sluice_held() {
  [ -d ".claim.$sluice_id" ] || return
  sluice_pid=
  read -r sluice_pid <".claim.$sluice_id/pid"
  if [ "$sluice_pid" ]; then kill -0 "$sluice_pid"; else [ "$sluice_tries" -lt 10 ]; fi
}

# The SHA-256 of the list of the unpacked files' SHA-256.
sluice_sum() (
  cd -- "$sluice_new" || exit
  LC_ALL=C
  export LC_ALL
  if command -v sha256sum >/dev/null; then sluice_tool=sha256sum; else sluice_tool='shasum -a 256'; fi
  $sluice_tool * | $sluice_tool | { read -r sluice_words sluice_seen && echo "$sluice_words"; }
)

# What must be true before anything is unpacked; says what is not.
sluice_able() (
  PATH=$sluice_path
  if [ "$(uname -sm)" != '@system@' ]; then
    echo "this file is for @system@, and this machine is $(uname -sm); use the file for it"
    exit 1
  fi
  for sluice_words in tail gzip tar; do
    command -v "$sluice_words" >/dev/null && continue
    echo "$sluice_words is not on PATH; install it"
    exit 1
  done
  if ! command -v sha256sum >/dev/null && ! command -v shasum >/dev/null; then
    echo 'sha256sum or shasum is not on PATH; install one'
    exit 1
  fi
)

# Makes sure that the cache folder $1 has it, or notes why it has not. Finds this file, for which it has no other use.
sluice_use() {
  sluice_ready "$1" && return
  if [ ! "$sluice_self" ]; then
    sluice_self=$0
    case $0 in
      /*) ;;
      */*) sluice_self=$PWD/$0 ;;
      *) if [ -f "$0" ]; then sluice_self=$PWD/$0; else sluice_self=$(command -v -- "$0"); fi ;;
    esac
    sluice_why=$(sluice_able) || sluice_fail "$sluice_why"
    [ -t 2 ] && echo 'sluice: unpacking, once for this version ...' >&2
  fi
  sluice_root=$1
  if sluice_words=$(sluice_unpack "$1"); then
    sluice_ready "$1" && return
    sluice_words='what was unpacked there does not keep its owner, mode or date'
  fi
  sluice_why="$sluice_why$sluice_line  $1: $sluice_words"
  return 1
}

sluice_fail() {
  echo "sluice: Cannot unpack: $1" >&2
  exit 1
}

# The same, for folders where others can make some too: a link there may lead anywhere.
sluice_use_shared() {
  [ -L "$1" ] && return 1
  sluice_use "$1" || return
  SLUICE_CACHE_DIR=$1
  export SLUICE_CACHE_DIR
}

sluice_find() {
  if [ "${SLUICE_CACHE_DIR-}" ]; then
    case $SLUICE_CACHE_DIR in
      /*) sluice_use "$SLUICE_CACHE_DIR" ;;
      *) sluice_use "$PWD/$SLUICE_CACHE_DIR" ;;
    esac
    return
  fi
  case ${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}} in
    /*) sluice_use "${XDG_CACHE_HOME:-$HOME/.cache}/sluice" && return ;;
  esac
  case ${XDG_RUNTIME_DIR-} in
    /*) sluice_use_shared "$XDG_RUNTIME_DIR/sluice" && return ;;
  esac
  sluice_uid=$(PATH=$sluice_path && id -u)
  sluice_use_shared "${TMPDIR:-/tmp}/sluice-$sluice_uid" || sluice_use_shared "/dev/shm/sluice-$sluice_uid"
}

sluice_line='
'
sluice_self=
sluice_why=
sluice_find ||
  sluice_fail "no folder can be used; set SLUICE_CACHE_DIR to one that you alone can write to and run programs from$sluice_why"

# Deno keeps what it learns of the code beside it, and is not to stumble over an .npmrc in a home, or over one that can't be
# read. The command line puts the variables back before anything else.
SLUICE_LAUNCHER=1
[ "${HOME+set}" ] && export SLUICE_LAUNCHER_HOME="$HOME"
[ "${DENO_DIR+set}" ] && export SLUICE_LAUNCHER_DENO_DIR="$DENO_DIR"
[ "${DENO_NO_UPDATE_CHECK+set}" ] && export SLUICE_LAUNCHER_DENO_NO_UPDATE_CHECK="$DENO_NO_UPDATE_CHECK"
HOME=$sluice_app DENO_DIR=$sluice_app/.deno DENO_NO_UPDATE_CHECK=1
export SLUICE_LAUNCHER HOME DENO_DIR DENO_NO_UPDATE_CHECK
exec "$sluice_app/deno" run @flags@ "$sluice_app/sluice.js" "$@"
exit
