# shellcheck shell=sh
# Who I am, by what stands in files: the session of this worktree, agent or terminal. Nothing is started.
# shellcheck disable=SC2034,SC2154 # variables that pass between the hooks and this file

# dw_field <name> <json>: $dw_value is the first text of that name, or empty. For values without quotes.
dw_field() {
  dw_value=
  case $2 in
    *"\"$1\":\""*)
      dw_value=${2#*"\"$1\":\""}
      dw_value=${dw_value%%\"*}
      ;;
  esac
}

# dw_encode <text>: $dw_encoded is what domain/name.ts makes of it. Fails for what only the program can do.
dw_encode() {
  dw_rest=$1 dw_encoded=
  case $dw_rest in
    '' | *[!A-Za-z0-9_.+=,:@/%-]* | [.-]* | *. | *..* | *.[Ll][Oo][Cc][Kk]) return 1 ;;
  esac
  while
    # up to the next one that changes
    dw_tail=${dw_rest#"${dw_rest%%[A-Z:@/%]*}"}
    dw_encoded=$dw_encoded${dw_rest%"$dw_tail"}
    [ -n "$dw_tail" ]
  do
    dw_rest=${dw_tail#?}
    dw_char=${dw_tail%"$dw_rest"}
    case $dw_char in
      :) dw_char=%3a ;; @) dw_char=%40 ;; /) dw_char=%2f ;; %) dw_char=%25 ;;
      A) dw_char=a ;; B) dw_char=b ;; C) dw_char=c ;; D) dw_char=d ;; E) dw_char=e ;; F) dw_char=f ;;
      G) dw_char=g ;; H) dw_char=h ;; I) dw_char=i ;; J) dw_char=j ;; K) dw_char=k ;; L) dw_char=l ;;
      M) dw_char=m ;; N) dw_char=n ;; O) dw_char=o ;; P) dw_char=p ;; Q) dw_char=q ;; R) dw_char=r ;;
      S) dw_char=s ;; T) dw_char=t ;; U) dw_char=u ;; V) dw_char=v ;; W) dw_char=w ;; X) dw_char=x ;;
      Y) dw_char=y ;; Z) dw_char=z ;;
    esac
    dw_encoded=$dw_encoded$dw_char
  done
  [ "${#dw_encoded}" -le 180 ]
}

# dw_process <pid>: $dw_leader, $dw_tty and $dw_start as proc(5) has them. The name in it may hold anything.
dw_process() {
  read -r dw_line 2>/dev/null <"/proc/$1/stat" || return 1
  dw_line=${dw_line##*) }
  # shellcheck disable=SC2086 # fields, split at spaces
  set -- $dw_line
  [ $# -ge 20 ] || return 1
  dw_leader=$4 dw_tty=$5
  shift 19
  dw_start=$1
}

# Sets $dw_source: the agent or terminal that a session may be bound to (flows/seat.ts). Fails without one.
dw_find_seat() {
  if [ -n "${CLAUDE_CODE_SESSION_ID-}" ]; then
    dw_source=claude-code:$CLAUDE_CODE_SESSION_ID
    return 0
  fi
  { [ -t 0 ] || [ -t 2 ]; } && dw_process "$$" && [ "$dw_tty" != 0 ] || return 1
  dw_name=tty:$dw_tty
  [ -z "${WT_SESSION-}" ] || dw_name=wt:$WT_SESSION
  [ -z "${TERM_SESSION_ID-}" ] || dw_name=term:$TERM_SESSION_ID
  { [ -z "${TMUX-}" ] || [ -z "${TMUX_PANE-}" ]; } || dw_name=tmux:$TMUX:$TMUX_PANE
  dw_sid=$dw_leader
  dw_process "$dw_sid" && read -r dw_boot </proc/sys/kernel/random/boot_id || return 1
  dw_source=$dw_name:$dw_sid@${dw_boot%"${dw_boot#????????}"}:$dw_start
}

# Sets $dw_me to the session that may be mine, $dw_ref to its encoded name, $dw_label to what its record must
# say of the seat, $dw_stamped to whose worktree this is. $dw_doubt is set where only the program can tell.
# Design §8; it must not find more than the program does, so dw_verify judges it by the record.
dw_find_me() {
  dw_me='' dw_ref='' dw_label='' dw_stamped='' dw_doubt='' dw_guest=''
  if [ -f "$dw_gitdir/dw-stamp.json" ] && read -r dw_line <"$dw_gitdir/dw-stamp.json"; then
    dw_field session "$dw_line"
    dw_stamped=$dw_value
  fi
  if [ -n "${DW_SESSION-}" ]; then
    case $DW_SESSION in
      SESS-*[!0-9A-Z]*) dw_doubt=named ;;
      SESS-??????????) dw_me=$DW_SESSION ;;
      *) dw_doubt=named ;;
    esac
  elif dw_find_seat; then
    if ! dw_encode "$dw_source"; then
      dw_doubt=seat
    elif [ -f "$dw_common/dw/bindings/$dw_encoded.json" ] &&
      read -r dw_line <"$dw_common/dw/bindings/$dw_encoded.json"; then
      dw_field label "$dw_line"
      dw_label=$dw_value
      dw_field session "$dw_line"
      dw_me=$dw_value
    elif [ -n "${CLAUDE_CODE_SESSION_ID-}" ]; then
      # an agent without a session of its own in somebody's worktree
      dw_guest=yes
    fi
    if [ -n "$dw_me" ] && [ -n "$dw_stamped" ] && [ "$dw_me" != "$dw_stamped" ]; then
      dw_doubt=stamp dw_me=
    fi
  fi
  [ -n "${DW_SESSION-}" ] || [ -n "$dw_doubt" ] || [ -n "$dw_me" ] || dw_me=$dw_stamped
  if [ -n "$dw_me" ]; then
    if dw_encode "$dw_me"; then dw_ref=$dw_encoded; else dw_doubt=named dw_me=; fi
  fi
}

# dw_verify <record> <ended>: keeps $dw_me only where its live record says that it is mine (flows/identity.ts).
dw_verify() {
  [ -n "$dw_me" ] || return 0
  dw_verified=''
  case $1 in *'"status":"active"'*) [ -n "$2" ] || dw_verified=yes ;; esac
  if [ -n "$dw_verified" ] && [ -n "$dw_label" ]; then
    dw_clone=
    [ ! -f "$dw_common/dw/clone.json" ] || read -r dw_clone <"$dw_common/dw/clone.json" || :
    dw_field id "$dw_clone"
    case $1 in
      *"\"agent\":\"$dw_label\""*"\"clone\":\"$dw_value\""*) ;;
      *"\"clone\":\"$dw_value\""*"\"terminal\":\"$dw_label\""*) ;;
      *) dw_verified='' ;;
    esac
  fi
  if [ -n "$dw_verified" ] && [ -n "$dw_guest" ]; then
    case $1 in *'"agent":"'*) dw_verified='' dw_doubt=guest ;; esac
  fi
  # a worktree whose session is gone is nobody's
  case $1 in *'"status":"active"'*) ;; *) [ "$dw_stamped" != "$dw_me" ] || dw_stamped='' ;; esac
  [ -z "$2" ] || [ "$dw_stamped" != "$dw_me" ] || dw_stamped=''
  [ -n "$dw_verified" ] || dw_me=''
}
