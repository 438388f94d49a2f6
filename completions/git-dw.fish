# Completion of git dw for fish: fish's own completion of git asks for that of git-dw.

# What a word can be, one a line.
function __git_dw_values
    set -l words (commandline -opc)
    set -l at (contains -i -- dw $words)
    # where "git -C" leads
    if test "$words[1]" = git; and test "$words[2]" = -C; and test "$at" -gt 3
        git -C $words[3] dw completion values $argv[1] 2>/dev/null
    else
        git-dw completion values $argv[1] 2>/dev/null
    end
end

# What git-dw would complete, for the same words behind "git dw".
function __git_dw_for_git
    set -l words (commandline -opc)
    set -l at (contains -i -- dw $words); or return
    complete -C "git-dw "(string join ' ' -- (string escape -- $words[(math $at + 1)..]) '')(commandline -ct)
end

# The words of the command so far, without options: "worktree remove fix-login".
function __git_dw_words
    set -l words (commandline -opc)
    # asked by the completion of git, it is all of git's own line
    if test "$words[1]" = git; and set -l at (contains -i -- dw $words)
        set words $words[$at..]
    end
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        if contains -- $word $__git_dw_valued
            set skip yes
        else if test $word = --
            break
        else if not string match -q -- '-*' $word
            echo -- $word
        end
    end
end

# Whether the command so far is exactly this one, or starts with it: __git_dw_at <words of the command>.
function __git_dw_at
    set -l words (__git_dw_words)
    test (count $words) -ge (count $argv); or return 1
    test "$words[1..$(count $argv)]" = "$argv"
end

# Whether the next word is one of a command: after nothing, or after the first of two.
function __git_dw_needs
    set -l words (__git_dw_words)
    test "$words" = "$argv"
end

# Whether so many arguments stand behind the command: __git_dw_place <number> <words of the command>.
function __git_dw_place
    set -l words (__git_dw_words)
    test (count $words) -eq (math (count $argv) - 1 + $argv[1])
end

complete -c git -f -n '__fish_git_using_command dw' -a '(__git_dw_for_git)'
complete -c git-dw -e
complete -c git-dw -f
complete -c git-dw -l json -d 'Print one JSON object instead of text'
complete -c git-dw -l session -x -a '(__git_dw_values sessions)' -d 'Act for this session'
complete -c git-dw -s h -l help -d 'Print usage, or open the manual'

