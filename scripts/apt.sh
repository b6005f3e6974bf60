# Debian packages: the host's own, and those of a later suite, which are unpacked and never installed.
# Sourced after lib.sh.

suite=trixie

# need_host_packages COMMAND:PACKAGE…: installs the packages whose command is missing.
need_host_packages() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  ((${#missing[@]})) || return 0
  local advice="Install these packages, then run the command again: ${missing[*]}"
  command -v apt-get >/dev/null || fail "This machine has no apt-get. $advice"
  ((EUID == 0)) || fail "Not root, so nothing was installed. $advice"
  step "apt-get update" apt-get -q update
  step "apt-get install ${missing[*]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "${missing[@]}"
}

# The address of the machine's own Debian mirror.
debian_mirror() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(RELEASE)|$(COMPONENT)|$(SITE)' 'Created-By: Packages' |
    awk -F'|' -v suite="$codename" '$1 == suite && $2 == "main" { print $3; exit }'
}

# suite_apt COMMAND…: an apt tool on an apt state of its own. Nothing of the host's is touched.
suite_apt() {
  APT_CONFIG="$cache/apt-$suite/apt.conf" "$@"
}

# Writes that state's configuration and refreshes its lists when they are older than a day.
prepare_suite_apt() {
  local state="$cache/apt-$suite" keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror kind
  command -v apt-get >/dev/null || fail "The toolchain comes from Debian packages, and this machine has no apt-get."
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || fail "No Debian mirror found in this machine's apt sources (suite of /etc/os-release, component main)."
  mkdir -p "$state"/{lists/partial,archives/partial}
  local lock
  exec {lock}>"$state/lock"
  flock "$lock"
  : >"$state/status"
  for kind in deb deb-src; do
    echo "$kind [signed-by=$keyring] $mirror $suite main"
  done >"$state/sources.list"
  cat >"$state/apt.conf" <<CONF
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  if [[ -z $(find "$state/updated" -mmin -1440 2>/dev/null) ]]; then
    step "Package lists of Debian $suite" suite_apt apt-get -q update
    touch "$state/updated"
  fi
  exec {lock}>&-
}

# unpack_suite_packages ROOT PACKAGE…: downloads into the current directory, unpacks into ROOT.
unpack_suite_packages() {
  local target=$1 archive
  shift
  suite_apt apt-get -q download "$@"
  mkdir -p "$target"
  for archive in ./*.deb; do
    dpkg -x "$archive" "$target"
    rm "$archive"
  done
}
