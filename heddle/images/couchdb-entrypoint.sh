#!/bin/sh
# Start CouchDB with the administrator of COUCHDB_USER and COUCHDB_PASSWORD, as the entry point of upstream's
# image does. One that a settings file names already stays: CouchDB has written its password there, hashed.
set -eu

home=/opt/couchdb
settings=$home/etc/local.d/docker.ini

administrators() {
    for file in "$home"/etc/default.d/*.ini "$home"/etc/local.ini "$home"/etc/local.d/*.ini; do
        [ -f "$file" ] || continue
        section=
        while IFS= read -r line || [ -n "$line" ]; do
            case $line in
                '['*) section=$line ;;
                ';'*) ;;
                *=*)
                    name=${line%%=*}
                    [ "$section" != '[admins]' ] || printf '%s\n' "${name% }"
                    ;;
            esac
        done < "$file"
    done
}

case ${1:-} in
    '' | [-+]*) set -- "$home/bin/couchdb" "$@" ;;
    couchdb) shift && set -- "$home/bin/couchdb" "$@" ;;
esac

if [ "$1" = "$home/bin/couchdb" ]; then
    : >> "$settings"
    known=$(administrators)
    if [ -n "${COUCHDB_USER:-}" ] && [ -n "${COUCHDB_PASSWORD:-}" ]; then
        case "
$known
" in
            *"
$COUCHDB_USER
"*) ;;
            *) printf '\n[admins]\n%s = %s\n' "$COUCHDB_USER" "$COUCHDB_PASSWORD" >> "$settings" ;;
        esac
    elif [ -z "$known" ]; then
        echo 'CouchDB needs an administrator: set COUCHDB_USER and COUCHDB_PASSWORD.' >&2
        exit 1
    fi
fi

exec "$@"
