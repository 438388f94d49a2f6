# Whether a push meets what others hold: exits with 0 only where it certainly does not. Read one after the
# other: "//pushed <ref>" for each ref that is pushed, the records that pre-push has listed, "//paths", the paths
# that the push changes as git prints them with core.quotePath, and "//commits" and "//changes" where git came
# to the end of both. No path and no ref starts with "//". The locks of the session `me` count for nothing.
# A path's name in the locks' refs is made as domain/name.ts makes it. What that takes more for than letters of
# ASCII counts as any name: then it is enough that something is held in that directory, or around it.

BEGIN {
  answer = 1
  for (code = 32; code < 127; code++) hex[sprintf("%c", code)] = sprintf("%%%02x", code)
  special = "^(con|prn|aux|nul|com[0-9]|lpt[0-9])([.]|$)|[.][.]|[.]$|[.]lock$"
}

paths && !/^\/\// { if (meets($0)) exit; next }
paths && $0 == "//commits" { listed = 1; next }
paths { if (listed && $0 == "//changes") answer = 0; exit }

# a record ends with a line break of its own
$0 == "" { if (last !~ /}$/) exit; next }
{ last = $0 }
$0 == "//paths" { paths = 1; next }
/^\/\/pushed / { pushed[substr($0, 10)] = 1; next }
/^refs\/dw\/locks\// && is_mine($0) { next }
/^refs\/dw\/locks\/path/ { sub(/ .*/, ""); if (!hold(substr($0, 19))) exit; next }
/^refs\/dw\/locks\/task\// { if (!leaves_branches($0)) exit; next }
# what a newer git dw writes may mean more
/^refs\/dw\/meta / { if (!index($0, "\"minReader\":1,")) exit; next }
/^refs\/dw\/(active|ended)\// { next }
{ exit }

END { exit answer }

# Whether a record on one line is a lock of mine.
function is_mine(record,   at) {
  at = index(record, ",\"session\":\"" me "\",")
  return me != "" && at > 0 && substr(record, 1, at - 1) ~ /"rev":[0-9]+$/ && record ~ /}$/
}

# Notes a lock's place, "" or "/a/b", and all that is above it. False for what is no place.
function hold(place) {
  if (place !~ /^(\/[^\/ ]+)*$/) return 0
  held[place] = 1
  while (place != "") {
    place = parent(place)
    if (place in above) break
    above[place] = 1
  }
  return 1
}

function parent(place) {
  sub(/\/[^\/]*$/, "", place)
  return place
}

# Whether no branch that a record names is pushed, whatever else stands in it.
function leaves_branches(record,   end, name) {
  if (index(record, "\\u")) return 0
  while (index(record, "\"branch\"")) {
    record = substr(record, index(record, "\"branch\"") + 8)
    if (substr(record, 1, 2) != ":\"") return 0
    record = substr(record, 3)
    end = index(record, "\"")
    name = substr(record, 1, end - 1)
    if (end == 0 || index(name, "\\") || (("refs/heads/" name) in pushed)) return 0
  }
  return 1
}

# Whether a path may be held, or something below it, or what is above it.
function meets(path,   place, at) {
  at = 0
  if (substr(path, 1, 1) == "\"") {
    path = substr(path, 2)
    at = index(path, "\\")
    path = substr(path, 1, at > 0 ? at - 1 : length(path) - 1)
  }
  place = "/" tolower(path)
  # the part with the first character that git writes in another way is any name
  if (at > 0) place = parent(place)
  if (place ~ /[^a-z0-9_+=,\/.-]|\/[.-]|[.]([.\/]|$|lock)|\/(con|prn|aux|nul|com[0-9]|lpt[0-9])/ || length(place) > 180)
    place = encoded(place)
  return (place in above) || (place in held) || (place != "" && is_within(parent(place)))
}

# Whether the place or one above it is held.
function is_within(place) {
  if (place in within) return within[place]
  within[place] = (place in held) || (place != "" && is_within(parent(place)))
  return within[place]
}

# A place as locks name it, up to its first part that counts as any name.
function encoded(place,   parts, count, at, out, part, one, char) {
  count = split(substr(place, 2), parts, "/")
  out = ""
  for (at = 1; at <= count; at++) {
    part = parts[at]
    if (part ~ special) break
    one = ""
    while (part != "") {
      char = substr(part, 1, 1)
      part = substr(part, 2)
      if (char !~ /[a-z0-9_.+=,-]/ || (one == "" && char ~ /[.-]/)) {
        if (!(char in hex)) break
        char = hex[char]
      }
      one = one char
    }
    if (part != "" || length(one) > 180) break
    out = out "/" one
  }
  return out
}
