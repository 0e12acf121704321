# Completes lines in an interactive zsh on a pseudo terminal. In the folder that is given are sluice.zsh and lines; into
# its file out go, for each line, what is offered, the line afterwards and ==.

folder=$1
zmodload zsh/zpty
cat > $folder/setup.zsh <<'SETUP'
autoload -Uz compinit
compinit -u -D
setopt no_auto_list no_auto_menu no_beep
PS1=
source $folder/sluice.zsh

# Says what is offered before it is.
compadd() {
  if [[ " $* " != *' -'[OAD]' '* ]]; then
    local -a hits
    builtin compadd -O hits "$@"
    if (( $#hits )); then print -rl -- $hits >> $folder/out; fi
  fi
  builtin compadd "$@"
}

complete-lines() {
  local line
  for line in "${(@f)$(<$folder/lines)}"; do
    BUFFER=$line CURSOR=$#line
    zle complete-word
    print -rl -- "$BUFFER" '==' >> $folder/out
  done
  exit
}
zle -N complete-lines
bindkey '^X' complete-lines
SETUP
zpty shell "folder=${(q)folder} zsh -f -i"
zpty -w shell "folder=${(q)folder}; source ${(q)folder}/setup.zsh; echo is ready"
zpty -r shell output $'*\nis ready*'
zpty -w -n shell $'\x18'
while zpty -r shell output; do :; done
