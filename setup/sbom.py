#!/usr/bin/env python3
"""Writes the bill of materials: crates as linked into the binaries, npm packages of the dashboard and the capture component,
files of the model pack. CycloneDX 1.6 in JSON, checked against its schema.

    setup/sbom.py --version VERSION --out FILE
"""

import argparse
import json
import pathlib
import subprocess

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The bundles that are embedded into the gateway.
NPM_LOCKS = ["dashboard/package-lock.json", "sdk/web/package-lock.json"]
LICENCES = LicenseFactory()


def component(kind, purl, name, version, licence, sha256=None):
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
    licences = [LICENCES.make_from_string(licence)] if licence else []
    return Component(type=kind, name=name, version=version, purl=purl, bom_ref=str(purl or name), licenses=licences, hashes=hashes)


def list_crates():
    """Every crate that is linked or runs at build time, without those of tests."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    binaries = {package["id"] for package in metadata["packages"] if any("bin" in t["kind"] for t in package["targets"])}
    reached, queue = set(), [i for i in metadata["workspace_members"] if i in binaries]
    while queue:
        node = queue.pop()
        if node not in reached:
            reached.add(node)
            queue += [d["pkg"] for d in nodes[node]["deps"] if any(k["kind"] != "dev" for k in d["dep_kinds"])]
    for package in metadata["packages"]:
        if package["id"] in reached and package["source"]:
            licence = (package["license"] or "").replace("/", " OR ")
            purl = PackageURL("cargo", name=package["name"], version=package["version"])
            yield component(ComponentType.LIBRARY, purl, package["name"], package["version"], licence)


def list_npm_packages():
    """Packages of the lock files that are not only for development."""
    for lock in NPM_LOCKS:
        for path, package in json.loads((ROOT / lock).read_text())["packages"].items():
            if path and not package.get("dev") and not package.get("link"):
                namespace, _, name = path.rpartition("node_modules/")[2].rpartition("/")
                purl = PackageURL("npm", namespace=namespace or None, name=name, version=package["version"])
                yield component(ComponentType.LIBRARY, purl, name, package["version"], package.get("license"))


def list_models():
    """Files of the model pack, each with the checksum that `biometry models` verifies."""
    for file in json.loads((ROOT / "models/manifest.json").read_text())["files"]:
        kind = ComponentType.MACHINE_LEARNING_MODEL if file["file"].endswith(".onnx") else ComponentType.FILE
        yield component(kind, None, file["name"], file["version"], file["licence"], file["sha256"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    bom = Bom(components={c.bom_ref.value: c for c in [*list_crates(), *list_npm_packages(), *list_models()]}.values())
    bom.metadata.component = Component(type=ComponentType.APPLICATION, name="biometry", version=arguments.version)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        raise SystemExit(f"the bill of materials breaks its schema: {problem}")
    arguments.out.write_text(text)
    print(f"{arguments.out}: {len(bom.components)} components")


if __name__ == "__main__":
    main()
