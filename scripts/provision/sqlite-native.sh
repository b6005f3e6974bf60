# Provisions: SQLite for the machine itself. Fills $out: include/, lib/, the CMake package SQLite.
. "$(dirname "$0")/../lib.sh"
cmake_options=()
. "$root/scripts/provision/common.sh"

step "SQLite, native" build_sqlite
