# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# cli.sh - what every verb in bash does alike: it answers --help, and refuses options that it does not have
#
# USAGE (sourced):
#   answer_help "$@"      prints the header of the script and ends it, where -h or --help stands before any --
#   refuse_options "$@"   ends the script with a sentence, exit 2, where one of these is an option
#   refuse_more_than COUNT "$@"   the same where these are more than so many: make or a person meant something with them
#
# OVERHEADS: none; no process is started.

# Sets verb to the name of the script that runs, as one types it, and verb_file to its path.
find_verb() {
	local folder=${BASH_SOURCE[0]%/shell/*}
	verb=scripts/${0##*/} verb_file=$folder/${0##*/}
	[[ -e $verb_file ]] || verb=scripts/maintain/${0##*/} verb_file=$folder/maintain/${0##*/}
}

# Prints the comment at the top of the script, without its first lines: the interpreter, the licence and an empty one.
print_header() {
	local line
	{
		read -r line
		read -r line
		read -r line
		while IFS= read -r line && [[ $line == '#'* ]]; do
			line=${line#'#'}
			printf '%s\n' "${line#' '}"
		done
	} <"$verb_file"
}

answer_help() {
	local word verb verb_file
	for word; do
		case $word in
		--) return 0 ;;
		-h | --help)
			find_verb
			print_header
			exit 0
			;;
		esac
	done
}

refuse_options() {
	local word verb verb_file
	for word; do
		[[ $word == -* ]] || continue
		find_verb
		echo "$verb: there is no option $word; $verb --help says how it is called" >&2
		exit 2
	done
}

refuse_more_than() {
	local most=$1 verb verb_file
	(($# - 1 > most)) || return 0
	find_verb
	shift "$((most + 1))"
	echo "$verb: there is nothing to do with \"$1\"; $verb --help says how it is called" >&2
	exit 2
}
