#!/usr/bin/env bash
# What is released, in target/dist: a Debian package with the binaries, the model pack and hardened systemd units, the same as a
# tar file, a bill of materials (CycloneDX) of the crates, npm packages and models, and the checksums of all three.
#
#   setup/dist.sh [FOLDER]      FOLDER has binaries that were built before (target/debug); else they are built for release
set -euo pipefail
cd "$(dirname "$0")/.."

binaries=(biometry gateway svc-sessions svc-consent svc-ml svc-docauth svc-transactions svc-projects svc-journeys)
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=biometry-$version-linux-$(uname -m)
out=target/dist
built=${1:-target/release}
[[ $# -gt 0 ]] || cargo build --release --locked --workspace --bins

rm -rf "$out"
root=$out/root
install -d "$root"/{usr/bin,usr/share/biometry,usr/share/doc/biometry,usr/lib/systemd/system,etc/biometry,DEBIAN}
for binary in "${binaries[@]}"; do
  install -m 755 "$built/$binary" "$root/usr/bin/"
done
strip --strip-unneeded "$root"/usr/bin/*
cp -r models "$root/usr/share/biometry/models"
chmod -R u=rwX,go=rX "$root/usr/share/biometry/models"
install -m 644 setup/systemd/*.service "$root/usr/lib/systemd/system/"
install -m 644 LICENSE NOTICE README.md CHANGELOG.md docs/OPERATIONS.md "$root/usr/share/doc/biometry/"
install -m 644 LICENSE "$root/usr/share/doc/biometry/copyright"
# Only root reads the settings, which hold secrets.
install -m 600 /dev/null "$root/etc/biometry/biometry.env"

# The libraries' packages, as the linker names them. dpkg-shlibdeps wants a source package beside.
mkdir -p "$out/source/debian"
printf 'Source: biometry\nPackage: biometry\nArchitecture: any\n' >"$out/source/debian/control"
depends=$(cd "$out/source" && dpkg-shlibdeps -O --ignore-missing-info ../root/usr/bin/* | sed 's/^shlibs:Depends=//')
rm -rf "$out/source"
cat >"$root/DEBIAN/control" <<CONTROL
Package: biometry
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: Biometry <security@biometry.invalid>
Section: net
Priority: optional
Depends: $depends, ca-certificates
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Description: self-hosted identity verification
 Decides from a short video whether a live person is there, whether it is the right person, whether the asked phrase is spoken, and
 whether consent was given. One process (biometry.service) or one a service (biometry-split@.service).
CONTROL
echo /etc/biometry/biometry.env >"$root/DEBIAN/conffiles"
# The units are started by the operator: nothing listens because a package was installed.
cat >"$root/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
POSTINST
chmod 755 "$root/DEBIAN/postinst"
dpkg-deb --root-owner-group -Zgzip --build "$root" "$out/$name.deb" >/dev/null

tar --owner=0 --group=0 --numeric-owner --exclude=./DEBIAN -C "$root" -czf "$out/$name.tar.gz" .
.venv/bin/python setup/sbom.py --version "$version" --out "$out/$name.cdx.json"
rm -rf "$root"
(cd "$out" && sha256sum "$name".* >SHA256SUMS && ls -l)
