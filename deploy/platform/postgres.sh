# PostgreSQL: a cluster of its own on loopback, TLS alone, a database and a role per service and one role for migrations. Sourced.

postgres_bin() { dirname "$(found initdb)"; }

# The server refuses to run as root: then the packaged user runs it. Where that user cannot come, the cluster lies elsewhere.
postgres_user() {
  as=()
  if [ "$(id -u)" = 0 ]; then as=(runuser -u postgres --); fi
}

postgres_folder() {
  cluster=$data/postgres
  if [ ! -e "$cluster" ]; then
    if [ "$(id -u)" != 0 ]; then
      private "$cluster"
    elif (cd / && "${as[@]}" test -x "$data"); then
      install -d -m 700 -o postgres "$cluster"
    else
      local elsewhere; elsewhere=/var/lib/kolsai/$(printf %s "$data" | cksum | cut -d ' ' -f 1)
      say postgres "its user cannot enter $data: the cluster lies in $elsewhere, and a link says so"
      mkdir -p /var/lib/kolsai; install -d -m 700 -o postgres "$elsewhere"
      ln -sfn "$elsewhere" "$cluster"
    fi
  fi
  cluster=$(readlink -f "$cluster")
}

postgres_certificate() {
  local from=$data/certificates/postgres
  install -m 600 "$from/tls.key" "$cluster/tls.key"; install -m 644 "$from/tls.crt" "$cluster/tls.crt"
  [ "$(id -u)" != 0 ] || chown postgres "$cluster/tls.key" "$cluster/tls.crt"
}

postgres_make() {
  local password; password=$(mktemp "$cluster/password.XXXXXX"); secret postgres >"$password"
  [ "$(id -u)" != 0 ] || chown postgres "$password"
  (cd / && "${as[@]}" "$(postgres_bin)/initdb" -D "$cluster/data" -U kolsai_platform --pwfile="$password" -A scram-sha-256 -E UTF8 --locale=C) >"$data/logs/postgres.log" 2>&1 \
    || { rm -f "$password"; failed=postgres; return 1; }
  rm -f "$password"
}

# Who may connect where: each service's role to its own database, the migration role to all of them, over TLS and from here.
postgres_rules() {
  local name
  echo "hostssl all kolsai_platform,kolsai_migration 127.0.0.1/32 scram-sha-256"
  for name in "${databases[@]}"; do echo "hostssl kolsai_$name kolsai_$name 127.0.0.1/32 scram-sha-256"; done
}

# Nothing of it listens but on loopback, and nothing without TLS. What a killed server left takes a moment to notice that it is alone.
postgres_begins() {
  local try
  printf '\n== started %s\n' "$(date -u +%FT%TZ)" >>"$data/logs/postgres.log"
  for try in $(seq 15); do
    (cd / && "${as[@]}" "$(postgres_bin)/pg_ctl" -D "$cluster/data" -w -t 60 -l "$cluster/log" -o "-p $1 -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories='' -c max_connections=400 -c password_encryption=scram-sha-256 -c ssl=on \
      -c ssl_cert_file=$cluster/tls.crt -c ssl_key_file=$cluster/tls.key -c ssl_min_protocol_version=TLSv1.2" start) \
      >>"$data/logs/postgres.log" 2>&1 9>&- && return 0
    tail -n 20 "$cluster/log" 2>/dev/null | grep -qE 'shared memory block|lock file "postmaster.pid"' || return 1
    sleep 1
  done
  return 1
}

start_postgres() {
  debian postgresql initdb
  postgres_user; postgres_folder; postgres_certificate
  [ -s "$cluster/data/PG_VERSION" ] || postgres_make || return 1
  postgres_rules >"$cluster/data/pg_hba.conf"
  local port; port=$(port postgres)
  postgres_begins "$port" || { cat "$cluster/log" >>"$data/logs/postgres.log" 2>/dev/null; failed=postgres; return 1; }
  kept postgres "$(head -n 1 "$cluster/data/postmaster.pid")"
  postgres_roles || { failed=postgres; return 1; }
  say postgres "localhost:$port, TLS, a database and a role for each service"
}

# A connection string for a role: checked certificate, and the name on it.
postgres_address() { echo "postgres://$1:$(secret "$1")@localhost:$(cat "$data/ports/postgres")/${2:-}?sslmode=verify-full&sslrootcert=$data/certificates/postgres/ca.crt"; }

sql() { PGPASSWORD=$(secret postgres) psql -X -q -v ON_ERROR_STOP=1 "host=localhost port=$(cat "$data/ports/postgres") user=kolsai_platform dbname=$1 sslmode=verify-full sslrootcert=$data/certificates/postgres/ca.crt" "${@:2}" 2>>"$data/logs/postgres.log"; }

# Roles that may log in and nothing else. What a service's role may do with its tables, `kolsai migrate` says.
postgres_roles() {
  local role
  {
    for role in kolsai_migration "${databases[@]/#/kolsai_}"; do
      echo "SELECT format('CREATE ROLE $role LOGIN') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role') \\gexec"
      echo "ALTER ROLE $role NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '$(secret "$role")';"
    done
    for role in "${databases[@]/#/kolsai_}"; do
      echo "SELECT 'CREATE DATABASE $role OWNER kolsai_migration' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$role') \\gexec"
      echo "REVOKE ALL ON DATABASE $role FROM PUBLIC; GRANT CONNECT ON DATABASE $role TO $role;"
    done
  } | sql postgres >/dev/null
}

stop_postgres() {
  runs postgres || { rm -f "$data/pids/postgres"; return 0; }
  # Fast: open connections are closed, and everything that was committed is on the disk.
  end postgres "${1:-30}" INT
}
