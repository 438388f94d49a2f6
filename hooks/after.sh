# shellcheck shell=sh
# What the hooks after a change do: say on one line whose branch or directory this is, when it is another
# session's, and keep my session alive. They never fail, and what takes time runs on by itself.
# $dw_event is the hook's name; $dw_silent is set where nothing is to be said.
# shellcheck disable=SC2154 # variables of ground.sh and of the hooks

# Whether git is in the middle of something that makes commits and checkouts of its own.
dw_is_busy() {
  [ -n "$dw_picking" ] ||
    [ -d "$dw_gitdir/rebase-merge" ] || [ -d "$dw_gitdir/rebase-apply" ] || [ -d "$dw_gitdir/sequencer" ] ||
    [ -f "$dw_gitdir/CHERRY_PICK_HEAD" ] || [ -f "$dw_gitdir/REVERT_HEAD" ] ||
    [ -f "$dw_gitdir/BISECT_LOG" ] || [ -f "$dw_gitdir/BISECT_START" ]
}

# Sets $dw_branch: the branch that is checked out; empty for none. $dw_roots is set where only git can tell.
dw_find_branch() {
  dw_branch='' dw_roots=''
  read -r dw_line 2>/dev/null <"$dw_gitdir/HEAD" || return 0
  case $dw_line in
    'ref: refs/heads/.invalid') dw_roots=yes ;; # reftable keeps HEAD elsewhere
    'ref: refs/heads/'*) dw_branch=${dw_line#ref: refs/heads/} ;;
  esac
}

# Reads the listing: $dw_record and $dw_oid of my session, $dw_ended, $dw_branch, $dw_picking.
dw_read_found() {
  dw_record='' dw_oid='' dw_ended='' dw_picking=''
  for dw_line in $dw_found; do
    case $dw_line in
      '*HEAD refs/heads/'*) dw_branch=${dw_line#\*HEAD refs/heads/} ;;
      '*CHERRY_PICK_HEAD '* | '*REVERT_HEAD '*) dw_picking=yes ;;
      ?*' refs/dw/active/'*) dw_record=$dw_line dw_oid=${dw_line%% *} ;;
      ?*' refs/dw/ended/'*) dw_ended=yes ;;
      ?*' refs/dw/locks/'*) return 0 ;;
    esac
  done
}

# Whether this may be another session's branch, worktree or repository; the program judges what it is worth.
dw_is_anothers() {
  [ -z "$dw_doubt" ] || return 0
  [ -z "$dw_stamped" ] || [ "$dw_stamped" = "$dw_me" ] || return 0
  case $dw_branch in *\"*) return 0 ;; esac
  case $dw_found in
    *' refs/dw/locks/path {'*) ;;
    *"\"branch\":\"${dw_branch:-?}\""*) ;;
    *) return 1 ;;
  esac
  for dw_line in $dw_found; do
    case $dw_line in
      *' refs/dw/locks/path {'* | *' refs/dw/locks/task/'*"\"branch\":\"${dw_branch:-?}\""*)
        case $dw_line in *",\"session\":\"${dw_me:-?}\""*) ;; *) return 0 ;; esac
        ;;
    esac
  done
  return 1
}

# Lets the program say whose this is, and waits for it no longer than five seconds.
dw_tell() {
  (dw_program hook after -- "$dw_event") </dev/null >/dev/null &
  dw_pid=$!
  # in steps, so that no sleep outlives the hook for long
  (
    for _ in 1 2 3 4 5; do sleep 1; done
    kill "$dw_pid"
  ) </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  dw_watch=$!
  wait "$dw_pid" 2>/dev/null
  kill "$dw_watch" 2>/dev/null
}

# Whether a heartbeat is due: the file's time is when, and it counts for one version of the record only.
# A doubt is the program's to settle, but no more often than every heartbeat of it.
dw_is_due() {
  [ -n "$dw_me" ] || return 1
  dw_beat="$dw_common/dw/beats/$dw_ref.json"
  [ -f "$dw_beat" ] && read -r dw_line <"$dw_beat" || return 0
  case $dw_line in *"\"record\":\"$dw_oid\""*) ;; *) return 0 ;; esac
  dw_is_past "$dw_beat"
}

# Keeps my session alive, without anybody waiting for it.
dw_keep_alive() {
  (dw_program hook beat --session "$dw_me") \
    </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
}

dw_find_repository && [ -d "$dw_common/dw" ] || exit 0
dw_find_me
dw_find_branch
# my session, the locks of tasks, the lock of the whole repository, and what a file would tell elsewhere
dw_format='%(objectname) %(refname) %(raw)'
set -- ${dw_ref:+"refs/dw/active/$dw_ref" "refs/dw/ended/$dw_ref"}
if [ -n "$dw_roots" ]; then
  dw_format="%(if:notequals=refs)%(refname:rstrip=-1)%(then)*%(refname) %(symref)%(else)$dw_format%(end)"
  set -- --include-root-refs HEAD CHERRY_PICK_HEAD REVERT_HEAD "$@"
fi
# alone in its subshell, git takes the place of it; some shells complain of what a damaged record holds
{ dw_found=$(git for-each-ref --format="$dw_format" "$@" refs/dw/locks/task 'refs/dw/locks/pat[h]'); } 2>/dev/null
# from here on, what is split is split into lines
set -f
IFS='
'
dw_read_found
dw_verify "$dw_record" "$dw_ended"
if dw_is_due; then dw_keep_alive; fi
if [ -z "$dw_silent" ] && dw_is_anothers && ! dw_is_busy; then dw_tell; fi
exit 0
