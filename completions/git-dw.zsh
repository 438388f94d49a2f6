#compdef git-dw
# Completion of git dw for zsh: zsh's own completion of git calls _git-dw.

# Offers what a word can be: __git_dw_values <options for compadd>… <kind> <what it is called>.
__git_dw_values() {
  local line kind=$argv[-2]
  local -a values shown
  for line in ${(f)"$(
    { [[ -z $git_dw_there ]] || builtin cd -q -- $git_dw_there } 2>/dev/null &&
      git-dw completion values $kind 2>/dev/null
  )"}; do
    values+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  (( $#values )) || return 1
  compadd "${(@)argv[1,-3]}" -l -d shown -a values
}

# Paths, and the keys of tasks and projects where one is begun.
__git_dw_files() {
  if [[ $PREFIX == (task|project):* ]]; then
    __git_dw_values "$@" keys key
  else
    _files "$@"
  fi
}

_git-dw() {
  local curcontext=$curcontext state line expl ret=1
  # where "git -C" leads: zsh's own completion of git has read it
  local git_dw_there=${(Q)${~${opt_args[-C]-}}}
  local -A opt_args
  _arguments -C \
    '--json[print one JSON object instead of text]' \
    '--session=[act for this session]:session:__git_dw_values sessions session' \
    '(- :)--version[print the version]' \
    '(- :)'{-h,--help}'[print usage, or open the manual]' \
    '(-): :->command' \
    '(-)*:: :->arguments' && ret=0
  case $state in
    command) __git_dw_next '' && ret=0 ;;
    arguments)
      curcontext=${curcontext%:*:*}:git-dw-$words[1]:
      __git_dw_command && ret=0
      ;;
  esac
  return ret
}

# The second word of a command that has two, or its options and arguments.
__git_dw_group() {
  local group=$words[1] state line
  _arguments -C '(-): :->command' '(-)*:: :->arguments' && return
  case $state in
    command) __git_dw_next $group ;;
    arguments)
      words[1]="$group $words[1]"
      __git_dw_command
      ;;
  esac
}

