# The services of the house, each a process with an identity of its own, and the sandbox partner, who is somebody else. Sourced.

# Variables as a shell reads them back.
put() { printf '%s=%q\n' "$1" "$2"; }

# Where a peer is reached: its port, and the ports of the replicas that KOLSAI_PLATFORM_REPLICAS=learning.2,… announces. Who answers
# there says the certificate, not the address.
address_of() {
  local list replica
  list=https://127.0.0.1:$(port "peer-$1")
  for replica in ${replicas//,/ }; do
    [ "${replica%%.*}" != "$1" ] || list+=,https://127.0.0.1:$(port "peer-$replica")
  done
  echo "$list"
}
# As they were announced when the platform started, for whoever starts a process later.
replicas=${KOLSAI_PLATFORM_REPLICAS:-$(cat "$data/replicas" 2>/dev/null || true)}

# The services whose databases and listeners a process has.
hosted() { case $1 in gateway) ;; privacy) echo privacy keyring ;; operator) echo "${databases[@]}" ;; *) echo "$1" ;; esac; }

# What a process is told: its own database, its own user of the bus, its own certificate; nobody else's.
environment_of() {
  local name=$1 service=${1%%.*} peer suffix= folder
  case $name in *.*) suffix=.${name#*.} ;; esac
  folder=$service; [ "$service" != operator ] || folder=privacy
  put KOLSAI_MODE development
  put KOLSAI_DATA "$data/services/$folder"
  put KOLSAI_URL "https://localhost:$(cat "$data/ports/gateway")"
  put KOLSAI_MAIL "folder:$data/mail"
  put KOLSAI__PEERS__CERTIFICATES "$data/certificates"
  for peer in "${databases[@]}"; do put "KOLSAI__PEERS__ADDRESSES__${peer^^}" "$(address_of "$peer")"; done
  for peer in $(hosted "$service"); do
    put "KOLSAI__DATABASE__ADDRESSES__${peer^^}" "$(postgres_address "kolsai_$peer" "kolsai_$peer")"
    [ "$service" = operator ] || put "KOLSAI__PEERS__LISTEN__${peer^^}" "127.0.0.1:$(port "peer-$peer$suffix")"
  done
  put KOLSAI__DATABASE__MIGRATE false
  put KOLSAI__CACHE__ADDRESS "$(redis_address)"
  put KOLSAI__CACHE__AUTHORITY "$data/certificates/redis/ca.crt"
  if [ "$service" != gateway ]; then
    put KOLSAI__BUS__ADDRESS "$(nats_address "$service")"
    put KOLSAI__BUS__AUTHORITY "$data/certificates/nats/ca.crt"
  fi
  case $service in
    learning | operator)
      put KOLSAI__OBJECTS__ADDRESS "$(s3_address)"
      put KOLSAI__OBJECTS__AUTHORITY "$data/certificates/s3/ca.crt" ;;
  esac
  case $service in
    payment | gateway) put KOLSAI__PAYMENT__PARTNER_ADDRESS "http://127.0.0.1:$(port sandbox-partner)" ;;
    operator) put KOLSAI__DATABASE__MIGRATION_BASE "$(postgres_address kolsai_migration)" ;;
  esac
  if [ "$service" = gateway ]; then
    put KOLSAI_LISTEN "127.0.0.1:$(port "$name" 8443)"
    put KOLSAI__GATEWAY__TLS__CERTIFICATE "$data/certificates/gateway/tls.crt"
    put KOLSAI__GATEWAY__TLS__KEY "$data/certificates/gateway/tls.key"
  fi
}

# For whoever tells the story, or just looks around.
environment_of_the_story() {
  put KOLSAI_URL "https://localhost:$(cat "$data/ports/gateway")"
  put KOLSAI_MAIL "folder:$data/mail"
  put KOLSAI_DEMO "$data/services/identity/demo-accounts.json"
  put KOLSAI_CA "$data/certificates/gateway/ca.crt"
}

write_environment() { private "$data/services/${1%%.*}"; (umask 077; environment_of "$1" >"$data/services/$1.env"); }

# as NAME COMMAND…: a command with the settings of a process.
as() { local file=$data/services/$1.env; shift; (set -a; . "$file"; exec "$@"); }

make_certificates() {
  "$kolsai" certificates "$data/certificates" >>"$data/logs/certificates.log" 2>&1 || { failed=certificates; return 1; }
  # The way to a public certificate is open; keys are their owners' alone.
  chmod 711 "$data/certificates"
}

# Schemas are brought up to date by the one role that may: the services only check.
migrate() {
  write_environment operator
  as operator "$kolsai" migrate >>"$data/logs/migrate.log" 2>&1 || { failed=migrate; return 1; }
}

start_sandbox_partner() {
  private "$data/services/sandbox-partner"
  (umask 077; { put KOLSAI_DATA "$data/services/sandbox-partner"; put KOLSAI_URL "https://localhost:$(cat "$data/ports/gateway")"; } >"$data/services/sandbox-partner.env")
  local port; port=$(port sandbox-partner)
  launch sandbox-partner bash -c 'set -a; . "$1"; shift; exec "$@"' - "$data/services/sandbox-partner.env" \
    "$kolsai" sandbox-partner --listen "127.0.0.1:$port" --trusted-ca "$data/certificates/gateway/ca.crt"
  until_it sandbox-partner 60 answers "$port" || return 1
}

begin_service() {
  write_environment "$1"
  launch "$1" bash -c 'set -a; . "$1"; shift; exec "$@"' - "$data/services/$1.env" "$kolsai" run "${1%%.*}"
}

is_ready() { as "$1" "$kolsai" health "${1%%.*}" --ready; }

await_service() { until_it "$1" "${2:-120}" is_ready "$1"; }
