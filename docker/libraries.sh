# What images made FROM scratch have in common; sourced by the build scripts.

# The image is there, or can be had: then nothing needs to be built.
has_image() { docker image inspect "$1" >/dev/null 2>&1 || timeout 60 docker pull --quiet "$1" >/dev/null 2>&1; }

# copy_libraries ROOT FILE...: put this machine's shared libraries that the programs FILE... load into ROOT, as they lie here.
copy_libraries() {
  local root=$1
  shift
  { ldd "$@" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ "^/(usr/)?lib" { print $3 } $1 ~ "^/.*/ld-" { print $1 }' | sort -u |
    xargs cp --dereference --parents --target-directory "$root"
}

# copy_shell ROOT: busybox as /bin/sh, and a place for temporary files.
copy_shell() {
  mkdir -p "$1/bin" "$1/tmp"
  chmod 1777 "$1/tmp"
  cp "$(command -v busybox)" "$1/bin/busybox"
  for name in sh cat chown env grep ls mkdir nc rm seq sleep tr wget; do ln -s busybox "$1/bin/$name"; done
}

# copy_users ROOT NAME: a user beside root, and where names of hosts are looked up.
copy_users() {
  mkdir -p "$1/etc"
  printf 'root:x:0:0::/root:/bin/sh\n%s:x:1000:1000::/tmp:/bin/sh\n' "$2" >"$1/etc/passwd"
  echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
}
