# Redis: limits and revocations, in memory alone, TLS and a password. Sourced.

start_redis() {
  debian redis-server redis-server
  local port configuration=$data/redis/redis.conf certificates=$data/certificates/redis
  port=$(port redis)
  private "$data/redis"
  (umask 077; cat >"$configuration" <<END
bind 127.0.0.1
port 0
tls-port $port
tls-cert-file $certificates/tls.crt
tls-key-file $certificates/tls.key
tls-ca-cert-file $certificates/ca.crt
tls-auth-clients no
requirepass $(secret redis)
dir $data/redis
save ""
appendonly no
maxmemory 128mb
maxmemory-policy noeviction
daemonize no
END
  )
  launch redis redis-server "$configuration"
  until_it redis 20 answers "$port" || return 1
  say redis "localhost:$port, TLS, nothing on disk"
}

redis_address() { echo "rediss://:$(secret redis)@localhost:$(cat "$data/ports/redis")"; }
