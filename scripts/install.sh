#!/bin/sh
# Installs sluice from the archives of a release: for this user, or below another folder.
#
# An archive is taken only when its SHA-256 is the one in SHA256SUMS beside it, and when the sluice in it runs here;
# nothing is put in its place before. The sums come from the same place as the archive: they tell a download that broke,
# and not a place that lies. https answers for the place; so http is refused, but for this machine itself.
set -eu

# Written here when a release is made for a place where archives are kept.
BASE=''
VERSION=''

usage() {
  cat <<'END'
Usage: sh install.sh [--base URL|FOLDER] [options]
       sh install.sh --uninstall [--prefix FOLDER]

Options:
  --base <place>    where the archives of a release and SHA256SUMS are: an https URL, or a folder
  --version <v>     version to install (default: the only one there)
  --target <t>      what to install it for, such as aarch64-unknown-linux-gnu (default: this machine)
  --prefix <folder> install to its bin and share (default: ~/.local)
  --insecure        take archives over http too, which anybody on the way can change
  --uninstall       remove what this script has installed there
  -h, --help        show this help

It needs tar, gzip, sha256sum or shasum, and for a URL curl or GNU wget.
END
}

say() { printf 'install.sh: %s\n' "$1" >&2; }
fail() { say "$1"; exit 1; }
misuse() { say "$1; see --help"; exit 2; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- Where from ---

# The host of a URL, without user and port. A user is refused before: http://127.0.0.1@example.com is not this machine.
host_of() {
  rest=${1#*://}
  rest=${rest%%[/?#]*}
  case $rest in
    \[*) rest=${rest%%]*}; printf '%s' "${rest#[}" ;;
    *) printf '%s' "${rest%%:*}" ;;
  esac
}

is_loopback() {
  case $(host_of "$1") in
    localhost | ::1) return 0 ;;
    127.*) case $(host_of "$1") in *[!0-9.]*) return 1 ;; esac ;;
    *) return 1 ;;
  esac
}

# Sets `schemes` to those that may be used, redirects included; empty for a folder.
check_base() {
  case $BASE in
    *://*@*) fail "Cannot use $BASE: a user name in it can pass for another host; leave it out" ;;
    https://*) schemes='=https' ;;
    http://*)
      schemes='=http,https'
      [ "$insecure" = yes ] || is_loopback "$BASE" ||
        fail "Cannot install from $BASE: who is on the way can change what comes over http; use https, or say --insecure"
      ;;
    *://*) misuse "Cannot install from $BASE: it is neither an https URL nor a folder" ;;
    '') misuse 'Name where the archives are: --base URL, or a folder' ;;
    *) schemes='' ;;
  esac
  BASE=${BASE%/}
}

# Gets one file of the base, whole or not at all.
fetch() {
  if [ -z "$schemes" ]; then
    cp -- "$BASE/$1" "$2" 2>/dev/null || fail "Cannot read $BASE/$1: is that the folder of a release?"
  elif has curl; then
    curl --proto "$schemes" --fail --silent --show-error --location --retry 2 --connect-timeout 20 \
      --speed-limit 1 --speed-time 60 --output "$2" "$BASE/$1" ||
      fail "Cannot get $BASE/$1: look at the address, and whether this machine is online"
  elif has wget; then
    # It follows redirects from https to http, and can't be told not to: so it follows none.
    wget --version 2>/dev/null | grep -q 'GNU Wget' ||
      fail 'Cannot download: this wget is not that of GNU, and follows redirects to anywhere; install curl'
    wget --quiet --tries=3 --timeout=60 --max-redirect=0 --output-document="$2" "$BASE/$1" ||
      fail "Cannot get $BASE/$1: look at the address; wget follows no redirect here, curl does"
  else
    fail 'Cannot download: there is neither curl nor wget here; install one of them'
  fi
}

# --- What ---

machine() {
  case $(uname -s) in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "Cannot tell what to install on $(uname -s): name it with --target" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) printf 'x86_64-%s' "$system" ;;
    aarch64 | arm64) printf 'aarch64-%s' "$system" ;;
    *) fail "Cannot tell what to install on a machine of type $(uname -m): name it with --target" ;;
  esac
}

# Lines of the sums whose archive is for the target, as `SUM NAME`: a name of another form is never used as one.
archives() {
  awk -v end="-$target.tar.gz" '
    { sub(/^[*]/, "", $2); version = substr($2, 8, length($2) - 7 - length(end)) }
    NF == 2 && $1 ~ /^[0-9a-f]+$/ && length($1) == 64 && version ~ /^[0-9][0-9A-Za-z.+-]*$/ &&
      $2 == "sluice-" version end { print $1, $2 }' "$sums"
}

choose() {
  found=$(archives)
  [ -z "$VERSION" ] || found=$(printf '%s\n' "$found" | grep -F " sluice-$VERSION-$target.tar.gz" || true)
  case $found in
    '') fail "There is no archive ${VERSION:+of $VERSION }for $target at $BASE: SHA256SUMS there names what there is" ;;
    *"
"*) fail "There are several versions at $BASE: name one with --version" ;;
  esac
  archive=${found#* }
  wanted=${found%% *}
}

sum_of() {
  if has sha256sum; then sha256sum <"$1"
  elif has shasum; then shasum -a 256 <"$1"
  else fail 'Cannot check what was got: there is neither sha256sum nor shasum here; install one of them'
  fi | cut -d ' ' -f 1
}

check_sum() {
  got=$(sum_of "$work/$archive")
  [ "$got" = "$wanted" ] ||
    fail "Cannot install $archive: it is broken or was changed, its SHA-256 is $got and not $wanted; try again"
}

# --- Where to ---

# One file, there at once and whole: whoever runs the old one keeps it.
place() {
  mkdir -p "$(dirname "$prefix/$1")"
  mv -f -- "$tree/$1" "$prefix/$1"
}

install() {
  # Beside what will be installed: where temporary files may not be run, the new sluice could not be tried.
  { mkdir -p -- "$prefix" && work=$(mktemp -d "$prefix/.sluice-install.XXXXXX"); } ||
    fail "Cannot write to $prefix: name another folder with --prefix"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  sums=$work/SHA256SUMS
  fetch SHA256SUMS "$sums"
  choose
  fetch "$archive" "$work/$archive"
  check_sum
  tree=$work/${archive%.tar.gz}
  (cd "$work" && gzip -dc "$archive" | tar -xf -) || fail "Cannot unpack $archive: is the disk full?"
  [ -z "$(find "$tree" ! -type f ! -type d)" ] || fail "Cannot install $archive: it holds other things than files"
  version=$("$tree/bin/sluice" --version </dev/null) ||
    fail "Cannot install $archive: the sluice in it does not run here; is this machine one of $target?"
  put
  say "sluice $version is installed as $prefix/bin/sluice"
  advise
}

# The list of what is installed comes first, and holds what an older version has left: so all of it can be removed.
put() {
  list=share/sluice/installed
  [ ! -d "$prefix/bin/sluice" ] || fail "$prefix/bin/sluice is a folder: remove it, or choose another --prefix"
  (cd "$tree" && find bin share -type f) >"$work/new"
  mkdir -p "$prefix/share/sluice"
  cat "$work/new" "$prefix/$list" 2>/dev/null | sort -u >"$work/all" || true
  mv -f "$work/all" "$prefix/$list"
  while IFS= read -r file; do place "$file"; done <"$work/new"
}

advise() {
  case ":$PATH:" in
    *":$prefix/bin:"*)
      first=$(command -v sluice || true)
      [ "$first" = "$prefix/bin/sluice" ] || say "but $first comes before it on PATH"
      ;;
    *) say "$prefix/bin is not on PATH: add it, such as by export PATH=\"$prefix/bin:\$PATH\" in ~/.profile" ;;
  esac
}

uninstall() {
  list=$prefix/share/sluice/installed
  [ -f "$list" ] || fail "There is nothing that this script has installed below $prefix: name the folder with --prefix"
  while IFS= read -r file; do
    case $file in
      *..* | /*) fail "Cannot uninstall: $list names $file, which is not below $prefix" ;;
      bin/* | share/*) rm -f -- "$prefix/$file" ;;
      *) fail "Cannot uninstall: $list names $file, which this script does not install" ;;
    esac
  done <"$list"
  rm -f -- "$list"
  # Folders that are empty now; others have something in them that is not ours.
  find "$prefix/share/sluice" "$prefix/share/doc/sluice" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  say "sluice is removed from $prefix; its cache and data stay"
}

insecure=no
action=install
prefix=${HOME:+$HOME/.local}
target=''
while [ $# -gt 0 ]; do
  case $1 in
    --base | --version | --prefix | --target)
      [ -n "${2-}" ] || misuse "$1 needs a value"
      case $1 in
        --base) BASE=$2 ;;
        --version) VERSION=$2 ;;
        --prefix) prefix=$2 ;;
        --target) target=$2 ;;
      esac
      shift
      ;;
    --insecure) insecure=yes ;;
    --uninstall) action=uninstall ;;
    -h | --help) usage; exit 0 ;;
    *) misuse "There is no option $1" ;;
  esac
  shift
done
case $prefix in
  '') misuse 'Cannot tell where to install, because HOME is not set: name a folder with --prefix' ;;
  /*) ;;
  *) prefix=$(pwd)/$prefix ;;
esac
case $target$VERSION in
  *[!0-9A-Za-z_.+-]*) misuse 'A version and a target have letters, digits and . _ + - only' ;;
esac

if [ "$action" = uninstall ]; then
  uninstall
else
  check_base
  target=${target:-$(machine)}
  install
fi
