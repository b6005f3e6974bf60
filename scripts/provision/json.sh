# Provisions: nlohmann/json, header-only, for the native tool alone. A part of its own: nothing else is
# rebuilt when it changes. Fills $out: include/nlohmann/.
. "$(dirname "$0")/../lib.sh"
. "$root/scripts/apt.sh"

prepare_suite_apt
step "nlohmann/json" unpack_suite_packages "$PWD/root" nlohmann-json3-dev
mkdir "$out/include"
cp -r root/usr/include/nlohmann "$out/include/"
