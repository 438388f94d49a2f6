# shellcheck shell=sh
# What every hook needs before it starts anything: which repository this is, whether a time is over, and how
# to start the program. POSIX sh; every process counts, so what a builtin can do is done by one.
# A hook is sourced in a subshell, or run; $dw_hooks is this file's directory.
# shellcheck disable=SC2034,SC2154 # variables that pass between the hooks and this file

# Sets $dw_gitdir and $dw_common. Fails where only git could tell. Hooks run at the top of the worktree.
dw_find_repository() {
  if [ -n "${GIT_DIR-}" ]; then
    dw_gitdir=$GIT_DIR
  elif [ -d .git ]; then
    dw_gitdir=.git
  elif [ -f .git ]; then
    read -r dw_gitdir <.git || :
    dw_gitdir=${dw_gitdir#gitdir: }
  elif [ -f HEAD ] && [ -d objects ]; then
    dw_gitdir=.
  else
    return 1
  fi
  dw_common=$dw_gitdir
  if [ -n "${GIT_COMMON_DIR-}" ]; then
    dw_common=$GIT_COMMON_DIR
  elif [ -f "$dw_gitdir/commondir" ]; then
    read -r dw_common <"$dw_gitdir/commondir" || :
    case $dw_common in /*) ;; *) dw_common=$dw_gitdir/$dw_common ;; esac
  fi
  [ -d "$dw_common" ]
}

# dw_is_past <file>: whether the file is there and its time, which the program set to when it is due, is over.
dw_is_past() {
  [ -f "$1" ] || return 1
  # writing nothing to a file sets its time to now
  printf '' 2>/dev/null >"$dw_common/dw/now" || return 1
  # shellcheck disable=SC3013 # in dash, bash and busybox sh, and in POSIX since 2024
  [ "$dw_common/dw/now" -nt "$1" ]
}

# dw_program <argument>…: becomes the program. Node may be known to the installed hook only.
dw_program() {
  PATH=$PATH${dw_node:+:$dw_node}
  dw_root=$dw_hooks/..
  for dw_native in "$dw_root/dist/native" "$dw_root"/../@git-dw/*/bin "$dw_root"/node_modules/@git-dw/*/bin; do
    [ -f "$dw_native/git-dw" ] && exec "$dw_root/bin/git-dw" "$@"
  done
  # what the launcher does, without starting it: this is waited for
  if [ -f "$dw_root/dist/main.js" ] && command -v node >/dev/null; then
    exec node --max-semi-space-size=8 "$dw_root/dist/main.js" "$@"
  fi
  exec "$dw_root/bin/git-dw" "$@"
}
