#!/bin/sh
# Prints what a word of a git dw command can be, one a line, some with a tab and what it is: for the
# completions of shells, which call it at every Tab. One git process, no Node; never an error.
# usage: values.sh sessions | tasks | keys | projects | rescues | remotes | branches
exec 2>/dev/null
tab=$(printf '\t')

# The refs below some prefixes, each with its record: names alone have lost their case. Where a record is gone,
# git lists nothing at all: then names alone are better than none.
records() { git for-each-ref --format="%(refname)$tab%(raw)" "$@" || git for-each-ref --format='%(refname)' "$@"; }

# Turns records into candidates. A field's text is taken as it stands in the JSON; one with anything but
# letters, quotes and backslashes in it is left out, and so is all that could act on a terminal.
candidates() {
  LC_ALL=C awk -F '\t' -v kind="$1" '
    function field(name, text) {
      if (!match($0, "\"" name "\":\"([^\"\\\\]|\\\\[\"\\\\])*\"")) return ""
      text = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 5)
      gsub(/\\"/, "\"", text)
      gsub(/\\\\/, "\\", text)
      if (text ~ /[\001-\037\177]|\302[\200-\237]|\342\200[\213-\217\252-\256]|\342\201[\246-\251]/) return ""
      return text
    }
    function offer(word, what) {
      if (word == "" || word in seen) return
      seen[word] = 1
      print (what == "" ? word : word "\t" what)
    }
    $1 !~ /^refs\/dw/ || (NF == 1 && /%/) { next }
    NF == 1 && kind != "sessions" {
      split($1, part, "/")
      name = $1
      if (sub(/^refs\/dw\/locks\/path\//, "", name) && kind == "keys") offer(name)
      if (part[3] == "projects" && kind == "projects") offer(part[4])
      if (part[3] == "results" && kind == "tasks") offer(part[5])
      if (part[3] != "locks" || part[4] != "task") next
      if (kind == "keys") offer(part[6] == "" ? "project:" part[5] : "task:" part[5] "/" part[6])
      else offer(kind == "projects" ? part[5] : part[6])
      next
    }
    kind == "sessions" {
      name = $1
      sub(/.*\//, "", name)
      task = field("task")
      offer(toupper(name), field("user") "@" field("host") (task == "" ? "" : " on " task))
    }
    kind == "keys" { offer(field("key"), field("why")) }
    kind == "tasks" && $1 ~ /\/results\// { offer(field("task"), "result: " field("status")) }
    kind == "tasks" && $1 ~ /\/locks\// {
      key = field("key")
      if (sub(/^task:[^\/]*\//, "", key)) offer(key, "held")
    }
    kind == "projects" && $1 ~ /\/projects\// { offer(field("name"), field("path")) }
    kind == "projects" && $1 ~ /\/locks\// {
      key = field("key")
      if (sub(/^(task|project):/, "", key)) { sub(/\/.*/, "", key); offer(key, "") }
    }'
}

case ${1-} in
  sessions) records refs/dw/active | candidates sessions ;;
  keys) records refs/dw/locks | candidates keys ;;
  tasks) records refs/dw/locks/task refs/dw/results | candidates tasks ;;
  projects) records refs/dw/projects refs/dw/locks/task | candidates projects ;;
  rescues) git for-each-ref --format='%(refname:lstrip=3)' refs/dw-local/rescue ;;
  remotes) git remote ;;
  branches) git for-each-ref --format='%(refname:short)' refs/heads ;;
esac
exit 0
