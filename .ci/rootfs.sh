#!/bin/sh
# Fills the folder $1 with Node and what it needs to run: the libraries that it links to, names for its user,
# and the records by which vulnerability scanners know the libraries' packages. Runs in the image of Node.
set -eu
rootfs=$1
node=/usr/local/bin/node

copy() {
  mkdir -p "$rootfs$(dirname "$1")"
  cp --dereference --preserve=mode,timestamps "$1" "$rootfs$1"
}

# The package that holds a file, which it may know by its path from before /lib became a link to /usr/lib.
package_of() {
  real=$(realpath "$1")
  { dpkg-query --search "$real" 2>/dev/null || dpkg-query --search "${real#/usr}"; } | cut -d: -f1 | head -n 1
}

copy "$node"
copy /usr/local/LICENSE
copy /etc/os-release

mkdir -p "$rootfs/var/lib/dpkg/status.d"
for library in $(ldd "$node" | grep --only-matching '/[^ ]*'); do
  copy "$library"
  package=$(package_of "$library")
  dpkg-query --status "$package" >"$rootfs/var/lib/dpkg/status.d/$package"
  copy "/usr/share/doc/$package/copyright"
done

echo 'nth:x:1000:1000::/:/nonexistent' >"$rootfs/etc/passwd"
echo 'nth:x:1000:' >"$rootfs/etc/group"
# /etc/hosts before DNS; without this file the order depends on the version of the C library.
echo 'hosts: files dns' >"$rootfs/etc/nsswitch.conf"
