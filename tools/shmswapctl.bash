# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of shmswapctl(1)'s command line, for bash. The program itself says which commands,
# counters and settings there are.

# _shmswapctl_words WORD COMMAND...: those of the words that COMMAND prints that begin with WORD.
_shmswapctl_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$("${@:2}" 2>/dev/null)" -- "$1")
}

# The names at the beginning of the lines: of commands in help, of fields in stat and control.
_shmswapctl_names()
{
	"$1" "$2" | sed -n 's/^\([a-z_]\{1,\}\).*/\1/p'
}

# _shmswapctl_options WORD OPTION...: what else follows the command is a file, and bash's own affair.
_shmswapctl_options()
{
	COMPREPLY=()
	[[ $1 == -* ]] || return 0
	_shmswapctl_words "$1" echo "${@:2}" --json
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

# What may follow a command.
_shmswapctl_arguments()
{
	local program=$1 command=$2 word=$3
	case $command in
	help)		_shmswapctl_words "$word" _shmswapctl_names "$program" help ;;
	stat)		_shmswapctl_words "$word" _shmswapctl_names "$program" stat ;;
	control)	_shmswapctl_words "$word" _shmswapctl_names "$program" control
			COMPREPLY=("${COMPREPLY[@]/%/=}")
			compopt -o nospace ;;
	reclaim)	_shmswapctl_words "$word" echo level= method={try,clock,mmap,scan} ;;
	segs)		_shmswapctl_words "$word" echo -a -p --json ;;
	ptes)		_shmswapctl_words "$word" echo -v -s --json ;;
	frames)		_shmswapctl_words "$word" echo -a -f --json ;;
	swaps)		_shmswapctl_words "$word" echo -m --json ;;
	events)		_shmswapctl_options "$word" -t -n -o -r --{types,count,output,ring}= \
				--time --seq ;;
	diff)		_shmswapctl_options "$word" -C -i --{context,ignore}= ;;
	replay)		_shmswapctl_options "$word" -p -n -s -t --format={text,csv,lackey} \
				--{processes,frames,swap,types,free,quantum,log,ring}= \
				--kswapd --model --times ;;
	watch)		_shmswapctl_words "$word" echo -d -s --once --ascii --mono --json ;;
	swapon)		_shmswapctl_words "$word" echo ram= prio= ;;
	*)		COMPREPLY=() ;;
	esac
}

_shmswapctl()
{
	local i program=$1 word=$2 before=$3
	case $before in
	-c | --command)
		_shmswapctl_words "$word" _shmswapctl_names "$program" help
		return ;;
	-f | --file | -d | --device)
		COMPREPLY=()	# bash's own: names of files
		return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | -f | -d | --command | --file | --device)	((i++)) ;;
		-*)	;;
		*)	_shmswapctl_arguments "$program" "${COMP_WORDS[i]}" "$word"
			return ;;
		esac
	done
	if [[ $word == -* ]]; then
		_shmswapctl_words "$word" echo --command --file --stop --device --json --version --help
	else
		_shmswapctl_words "$word" _shmswapctl_names "$program" help
	fi
}

complete -o bashdefault -o default -F _shmswapctl shmswapctl
