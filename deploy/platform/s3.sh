# The object store: an S3 server over TLS, its folder kept. Sourced.

start_s3() {
  local port; port=$(port s3)
  private "$data/s3"; private "$data/services/s3"
  # It takes the key and secret of the address that the services are told.
  (umask 077; { put KOLSAI_DATA "$data/services/s3"; put KOLSAI__OBJECTS__ADDRESS "$(s3_address)"; } >"$data/services/s3.env")
  launch s3 bash -c 'set -a; . "$1"; shift; exec "$@"' - "$data/services/s3.env" "$kolsai" sandbox-s3 --listen "127.0.0.1:$port" \
    --folder "$data/s3" --certificate "$data/certificates/s3/tls.crt" --key "$data/certificates/s3/tls.key"
  until_it s3 30 answers "$port" || return 1
  say s3 "localhost:$port, TLS, files in $data/s3"
}

s3_address() { echo "s3+https://kolsai:$(secret s3)@localhost:$(cat "$data/ports/s3")/kolsai"; }
