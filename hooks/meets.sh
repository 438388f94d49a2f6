# shellcheck shell=sh
# What pre-push asks where others hold something: whether the push certainly changes nothing of theirs. Git and
# awk find that out sooner than the program is started; what is in doubt is the program's to judge.
# shellcheck disable=SC2154 # variables of pre-push

# dw_meets_none <remote>: whether no path and no branch that is pushed is held by another.
dw_meets_none() {
  # a remote's name, and no URL
  case $1 in '' | *[*?:\\[]*) dw_glob='' ;; *) dw_glob=refs/remotes/$1/'*' ;; esac
  (
    # nothing is fetched to decide: newer git is told so, older git is left without a way to do it
    export GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none
    dw_each_pushed '//pushed ' '' ''
    printf '%s\n' "$dw_found" //paths
    case $dw_newline$dw_found in
      *"$dw_newline"refs/dw/locks/path*) dw_changes ;;
      *) printf '%s\n' //commits //changes ;;
    esac
  ) 2>/dev/null | LC_ALL=C awk -v me="$dw_me" -f "$dw_hooks/meets.awk" 2>/dev/null
}

# dw_each_pushed <before ref> <before new commit> <before old commit>: prints what has something before it.
# The name on this side comes first, may hold spaces, and is not needed.
dw_each_pushed() {
  for dw_line in $dw_lines; do
    dw_from=${dw_line##* } dw_line=${dw_line% *}
    dw_to_ref=${dw_line##* } dw_line=${dw_line% *}
    dw_to=${dw_line##* }
    case $dw_to$dw_from in '' | *[!0-9a-f]*) printf '?\n' ;; esac
    [ -z "$1" ] || printf '%s%s\n' "$1" "$dw_to_ref"
    case $dw_to in *[!0]*) [ -z "$2" ] || printf '%s%s\n' "${2# }" "$dw_to" ;; esac
    case $dw_from in *[!0]*) [ -z "$3" ] || printf '%s%s\n' "$3" "$dw_from" ;; esac
  done
}

# The paths of the commits that are not on the remote yet, as git/changed-paths.ts has them listed.
dw_changes() {
  set --
  [ -z "$dw_glob" ] || set -- --not "--glob=$dw_glob"
  dw_each_pushed '' ' ' '^' |
    {
      git --no-replace-objects rev-list --ignore-missing --stdin "$@" &&
        echo //commits
    } |
    git --no-replace-objects -c core.quotePath=true diff-tree --stdin -r -c --root --no-commit-id \
      --no-renames --no-relative --name-only --ignore-submodules=none &&
    echo //changes
}
