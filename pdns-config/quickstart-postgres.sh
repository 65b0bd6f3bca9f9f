# What pdns-config/quickstart does with --postgres; read by it, not run.
#
# The cluster lies in $dir/postgres, speaks over a Unix socket there and nowhere else, and belongs
# to one user: this one, or for root, as which PostgreSQL does not run, to `postgres`.
# shellcheck shell=bash disable=SC2154  # the variables are of quickstart
pg_bin=/usr/lib/postgresql/15/bin

as_database_user() {
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"
    else
        exec "$@"
    fi
}

sql() {
    "$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$dir/postgres" -d ptrd "$@"
}

# shellcheck disable=SC2317  # called by wait_for
database_answers() {
    sql -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1
}

# Before anything is built.
make_database_dir() {
    # The path goes into connection strings and YAML.
    case $dir in
    *[!A-Za-z0-9./_@%+~-]*) die "--postgres needs a --dir of letters, digits and ./_@%+~- (it is $dir)" ;;
    esac
    # Whoever may enter is trusted: nobody else may.
    mkdir -p "$dir/postgres"
    chmod 700 "$dir/postgres"
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres: "$dir/postgres"
        [ "$made_dir" = no ] || chmod 711 "$dir"
        (as_database_user test -x "$dir/postgres") ||
            die "user postgres, as which PostgreSQL runs, cannot reach $dir: choose another --dir"
    fi
}

make_cluster() {
    [ ! -e "$dir/postgres/data/PG_VERSION" ] || return 0
    (cd / && as_database_user "$pg_bin/initdb" -D "$dir/postgres/data" -U postgres -A trust -E UTF8 \
        --locale=C --no-sync --no-instructions) >"$dir/postgres.log" 2>&1 || {
        cat "$dir/postgres.log" >&2
        die "no PostgreSQL cluster could be made"
    }
}

start_database() {
    say "making a PostgreSQL cluster in $dir/postgres"
    make_cluster
    (cd / && as_database_user "$pg_bin/postgres" -D "$dir/postgres/data" -c listen_addresses= \
        -c unix_socket_directories="$dir/postgres" -c port=5432 -c shared_buffers=32MB) \
        >"$dir/postgres.log" 2>&1 &
    database_pid=$!
    wait_for "$database_pid" database_answers || {
        cat "$dir/postgres.log" >&2
        die "PostgreSQL did not start"
    }
}

fill_database() {
    local role database zones
    cat >"$dir/admind.yaml" <<CONF
db: $dir/db
postgres: host=$dir/postgres port=5432 user=ptrd dbname=ptrd
node: quickstart
pdns:
  - control: $dir/pdns-socket/pdns.controlsocket
CONF
    role=$(sql -U postgres -d postgres -At -c "SELECT count(*) FROM pg_roles WHERE rolname = 'ptrd'")
    [ "$role" -eq 1 ] || sql -U postgres -d postgres -c 'CREATE ROLE ptrd LOGIN'
    database=$(sql -U postgres -d postgres -At -c "SELECT count(*) FROM pg_database WHERE datname = 'ptrd'")
    [ "$database" -eq 1 ] || sql -U postgres -d postgres -c 'CREATE DATABASE ptrd OWNER ptrd'
    say "making the schema: ptr-admind --migrate"
    "$build/ptr-admind" --config "$dir/admind.yaml" --migrate || die "no schema could be made"
    zones=$(sql -U ptrd -At -c 'SELECT count(*) FROM ptrd.zone')
    if [ "$zones" -eq 0 ]; then
        say "filling it: psql -f pdns-config/sample-postgres.sql"
        sql -U ptrd -1 -f "$here/sample-postgres.sql" || die "the sample rows were refused"
    fi
}

# shellcheck disable=SC2317  # called by wait_for
store_is_loaded() {
    "$build/ptrctl" explain 198.51.100.25 --db "$dir/db" >/dev/null 2>&1
}

start_admind() {
    say "starting ptr-admind, which brings them into $dir/db"
    "$build/ptr-admind" --config "$dir/admind.yaml" >"$dir/admind.log" 2>&1 &
    admind_pid=$!
    wait_for "$admind_pid" store_is_loaded || {
        cat "$dir/admind.log" >&2
        die "ptr-admind did not load the store"
    }
}

# PowerDNS was started after ptr-admind, which tries again to reach it.
# shellcheck disable=SC2317  # called by wait_for
pdns_is_reached() {
    ! grep -q 'does not forget' "$dir/admind.log" || grep -q 'is reached again' "$dir/admind.log"
}

# shellcheck disable=SC2317  # called by change
changed() {
    [ "$(ask +short -x 198.51.100.7 2>/dev/null)" = "$1" ] &&
        [ "$(ask +short new.isp.example A 2>/dev/null)" = "$2" ]
}

# change STATEMENT REVERSE FORWARD: until 198.51.100.7 and new.isp.example are answered with these.
# PowerDNS's caches alone would keep the old answers for 20 and 60 s.
change() {
    local start took_ms=0
    printf '    psql: %s\n' "$1"
    start=$(date +%s%N)
    sql -U ptrd -c "$1" || die "the change was refused"
    until changed "$2" "$3" || [ "$took_ms" -gt 5000 ]; do
        took_ms=$((($(date +%s%N) - start) / 1000000))
    done
    took_ms=$((($(date +%s%N) - start) / 1000000))
    [ "$took_ms" -gt 5000 ] || printf '    answered within %d ms, psql and dig included\n' "$took_ms"
}

show_change() {
    local generated=198-51-100-7.dyn.isp.example.
    wait_for "$admind_pid" pdns_is_reached || die "ptr-admind did not reach pdns_server: $dir/admind.log"
    say "a change in SQL, with the old answers in PowerDNS's caches"
    show "before" "$generated" -x 198.51.100.7
    show "a name that does not exist yet" NXDOMAIN new.isp.example A
    change "INSERT INTO ptrd.ptr VALUES ('198.51.100.7', 'new.isp.example')" new.isp.example. 198.51.100.7
    show "after" new.isp.example. -x 198.51.100.7
    show "its address, derived" 198.51.100.7 new.isp.example A
    change "DELETE FROM ptrd.ptr WHERE address = '198.51.100.7'" "$generated" ''
    show "taken back" "$generated" -x 198.51.100.7
    show "its address" NXDOMAIN new.isp.example A
}
