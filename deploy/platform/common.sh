# What the parts of `make up` share: the folder, its secrets and ports, and the processes that it started. Sourced, not run.
# Everything is under one folder: certificates, secrets, ports, logs, pids, and a folder for each engine and service.
target=${CARGO_TARGET_DIR:-target}
kolsai=$PWD/$target/debug/kolsai; [[ $target = /* ]] && kolsai=$target/debug/kolsai
data=${KOLSAI_DATA:-data/platform}; [[ $data = /* ]] || data=$PWD/$data

# The processes of the house; the name before the dot is the service, what follows tells replicas apart: `learning.2`.
services=(privacy identity learning payment communication analytics gateway)
# Whoever has a database, and whoever has a certificate. `keyring` runs in the process of privacy.
databases=(keyring privacy identity learning payment communication analytics)
peers=("${databases[@]}" gateway)
engines=(postgres nats redis s3)

say() { printf '%-9s %s\n' "${1}:" "$2"; }
die() { printf '%s\n' "$1" >&2; exit 1; }

# A password of this platform, made when it is first asked for. Letters and digits: it stands in addresses.
secret() {
  local file=$data/secrets/$1
  [ -s "$file" ] || (umask 077; head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file")
  cat "$file"
}

answers() { (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null; }

# port NAME [PREFERRED]: the port of a name, the same at every start.
port() {
  local file=$data/ports/$1 chosen=${2:-}
  if [ ! -s "$file" ]; then
    while [ -z "$chosen" ] || answers "$chosen" || grep -qsx "$chosen" "$data"/ports/*; do chosen=$((20000 + RANDOM % 12000)); done
    echo "$chosen" >"$file"
  fi
  cat "$file"
}

# A port that somebody else took meanwhile is left to them.
settle_ports() {
  local file name
  for file in "$data"/ports/*; do
    [ -e "$file" ] || continue
    name=${file##*/}; name=${name#peer-}; [ "$name" != keyring ] || name=privacy
    runs "$name" || ! answers "$(cat "$file")" || { say port "$(cat "$file") is somebody else's now: $name gets another"; rm -f "$file"; }
  done
}

# When a process began, in ticks since the machine did: with its number it is that process and no later one.
began() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# The number of a process that was started here and still runs.
pid_of() {
  local pid since
  read -r pid since 2>/dev/null <"$data/pids/$1" || return 1
  [ -n "$pid" ] && [ "$(began "$pid")" = "$since" ] && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null && echo "$pid"
}
runs() { pid_of "$1" >/dev/null; }
kept() { echo "$2 $(began "$2")" >"$data/pids/$1"; started_now+=("$1"); }
started_now=()

# launch NAME COMMAND…: a process of its own session, so that Ctrl-C here does not reach it; its log is its own.
launch() {
  local name=$1; shift
  printf '\n== started %s\n' "$(date -u +%FT%TZ)" >>"$data/logs/$name.log"
  setsid "$@" >>"$data/logs/$name.log" 2>&1 </dev/null 9>&- &
  kept "$name" $!
}

# end NAME [SECONDS [SIGNAL]]: asks the process to stop; one that does not within the time is ended.
end() {
  local name=$1 pid
  pid=$(pid_of "$name") || { rm -f "$data/pids/$name"; return 0; }
  kill "-${3:-TERM}" "$pid" 2>/dev/null || true
  for _ in $(seq $((${2:-30} * 10))); do runs "$name" || break; sleep 0.1; done
  if runs "$name"; then say "$name" "did not stop in ${2:-30} seconds and was ended"; kill -KILL "$pid" 2>/dev/null || true; fi
  rm -f "$data/pids/$name"
}

# The last lines of the log since the latest start.
last_lines() { tac "$data/logs/$1.log" 2>/dev/null | sed '/^== started /q' | head -n "${2:-30}" | tac | cut -c 1-600; }

# until_it NAME SECONDS COMMAND…: waits until the command succeeds; what ends meanwhile has failed.
until_it() {
  local name=$1 seconds=$2; shift 2
  local by=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    failed=$name
    runs "$name" || { echo "$name ended before it was ready" >&2; return 1; }
    [ "$SECONDS" -lt "$by" ] || { echo "$name was not ready within $seconds seconds" >&2; return 1; }
    sleep 0.2
  done
  failed=
}

# A folder of this platform that nobody but its owner reads.
private() { mkdir -p "$1"; chmod 700 "$1"; }

prepare_folder() {
  mkdir -p "$data"
  # The database's own user passes through, and sees nothing on its way.
  chmod 711 "$data"
  for folder in secrets ports pids logs services mail; do private "$data/$folder"; done
}

# One `make up`, `make down` or restart at a time.
alone() { exec 9>"$data/lock"; flock -w "${1:-120}" 9 || die "another command is at work on $data"; }

# Whoever reads a log of ours reads a sentence, not where in the program it was written.
export NO_COLOR=1 RUST_LIB_BACKTRACE=0
