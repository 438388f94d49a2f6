# Completion of git dw for bash: git's own completion calls _git_dw.
# shellcheck shell=bash disable=SC2154

# What a word can be, one a line.
__git_dw_values () {
  if [ -n "${__git_dir-}" ] || [ -n "${__git_C_args[*]-}" ]; then
    git ${__git_C_args[@]+"${__git_C_args[@]}"} ${__git_dir:+--git-dir="$__git_dir"} \
      dw completion values "$1" 2>/dev/null
  else
    git-dw completion values "$1" 2>/dev/null
  fi
}

# Offers those lines of stdin that go on from what was typed, quoted for the shell.
__git_dw_offer () {
  local typed=$1 line quoted before='' quote=''
  case $typed in
    [\"\']*) quote=${typed:0:1} typed=${typed:1} ;;
    *)
      # readline begins a new word at a colon, unless that is escaped
      typed=${typed//\\:/$'\001'}
      typed=${typed//\\/}
      case $COMP_WORDBREAKS in *:*) before=${typed%"${typed##*:}"} ;; esac
      before=${before//$'\001'/:}
      typed=${typed//$'\001'/:}
      ;;
  esac
  while IFS= read -r line; do
    line=${line%%$'\t'*}
    case $line in "$typed"*) ;; *) continue ;; esac
    if [ -n "$quote" ]; then
      # what a pair of quotes would not keep from the shell is left out
      case $line in *[\"\'\$\`\\!]*) continue ;; esac
      COMPREPLY+=("$line$quote ")
    else
      printf -v quoted %q "${line#"$before"}"
      COMPREPLY+=("$quoted ")
    fi
  done
}

# Offers what a word of this kind can be. Without a candidate, bash offers files: they are switched off
# where no file can be meant.
__git_dw_kind () {
  local words_of=${1#=}
  case $1 in
    files)
      case $2 in task:* | project:*) __git_dw_offer "$2" < <(__git_dw_values keys) ;; esac
      return
      ;;
    directories) compopt -o dirnames 2>/dev/null ;;
    command)
      if declare -F _command_offset >/dev/null; then
        _command_offset "$3"
      fi
      return
      ;;
    =*) __git_dw_offer "$2" <<<"${words_of//,/$'\n'}" ;;
    none) ;;
    *) __git_dw_offer "$2" < <(__git_dw_values "$1") ;;
  esac
  compopt +o default +o bashdefault 2>/dev/null
  return 0
}

_git_dw () {
  local at=1 command='' word='' flags='' valued='' arguments='' kind='' position=0 ended='' first=0
  COMPREPLY=()
  if [ -n "${__git_cmd_idx-}" ]; then
    at=$__git_cmd_idx
  else
    while [ "$at" -lt "$cword" ] && [ "${words[at]}" != dw ]; do at=$((at + 1)); done
  fi
  at=$((at + 1))

  # the command: one word or two; options that every command takes may stand before it
  while [ "$at" -lt "$cword" ]; do
    word=${words[at]}
    case $word in
      --session) at=$((at + 1)) ;;
      -*) ;;
      *)
        command=${command:+$command }$word
        if __git_dw_command "$command"; then break; fi
        ;;
    esac
    at=$((at + 1))
  done
  if [ -z "$flags" ]; then
    case ${words[cword - 1]}/$cur in
      --session/*) __git_dw_kind sessions "$cur" ;;
      */--session=*) __git_dw_kind sessions "${cur#*=}" ;;
      */-*) __git_dw_offer "$cur" < <(printf '%s\n' --json --session --version --help -h) ;;
      *) __git_dw_offer "$cur" < <(__git_dw_next "$command") ;;
    esac
    compopt +o default +o bashdefault 2>/dev/null
    return 0
  fi

  # what stands between the command and this word
  at=$((at + 1))
  while [ "$at" -lt "$cword" ]; do
    word=${words[at]}
    if [ -n "$ended" ]; then
      [ "$position" -gt 0 ] || first=$at
      position=$((position + 1))
    else
      case $word in
        --) ended=yes position=0 ;;
        -*) case $valued in *" $word="*) at=$((at + 1)) ;; esac ;;
        *) position=$((position + 1)) ;;
      esac
    fi
    at=$((at + 1))
  done

  if [ -z "$ended" ]; then
    # the value of an option, as a word of its own or behind "="
    word=${words[cword - 1]}
    if [ "$at" -gt "$cword" ]; then
      kind=${valued#*" $word="}
      __git_dw_kind "${kind%% *}" "$cur"
      return 0
    fi
    case $cur in
      --*=*)
        word=${cur%%=*}
        case $valued in
          *" $word="*)
            kind=${valued#*" $word="}
            __git_dw_kind "${kind%% *}" "${cur#*=}"
            ;;
        esac
        return 0
        ;;
      -*)
        # shellcheck disable=SC2086
        __git_dw_offer "$cur" < <(printf '%s\n' $flags)
        return 0
        ;;
    esac
  fi

  # an argument: the kind at its place, or the last one where it may be repeated
  if [ -n "$ended" ] && [ "$arguments" = command ]; then
    [ "$position" -gt 0 ] || first=$cword
    __git_dw_kind command "$cur" "$first"
    return 0
  fi
  [ "$arguments" != command ] || arguments=none
  for kind in $arguments none; do
    case $kind in *'*') break ;; esac
    [ "$position" -gt 0 ] || break
    position=$((position - 1))
  done
  __git_dw_kind "${kind%'*'}" "$cur"
}

