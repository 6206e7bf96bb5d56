//! The dependency arrows of docs/ARCHITECTURE.md, checked against the workspace.

use std::collections::BTreeMap;

use cargo_metadata::MetadataCommand;

/// Returns the normal dependencies of each package on packages of this workspace.
fn arrows() -> BTreeMap<String, Vec<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let names: Vec<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let normal = |p: &cargo_metadata::Package| {
        let dependencies = p.dependencies.iter().filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
        dependencies.map(|d| d.name.clone()).filter(|d| names.contains(d)).collect()
    };
    metadata.packages.iter().map(|p| (p.name.to_string(), normal(p))).collect()
}

fn is_service(name: &str) -> bool {
    name.starts_with("svc-")
}

#[test]
fn services_never_depend_on_each_other() {
    for (name, uses) in arrows().into_iter().filter(|(name, _)| is_service(name)) {
        assert!(!uses.iter().any(|d| is_service(d) || d == "gateway"), "{name} depends on {uses:?}");
    }
}

#[test]
fn the_gateway_knows_only_the_wire_and_the_rules() {
    let allowed = ["biometry-proto", "rpc", "boot", "scoring", "shares"];
    let uses = &arrows()["gateway"];
    assert!(uses.iter().all(|d| allowed.contains(&d.as_str())), "gateway depends on {uses:?}");
}

#[test]
fn shared_crates_know_no_service() {
    for (name, uses) in arrows() {
        // The fuzz targets exercise every parser, including that of the gateway's headers.
        if !is_service(&name) && !["gateway", "biometry", "fuzzing"].contains(&name.as_str()) {
            let services = uses.iter().any(|d| is_service(d) || d == "gateway" || d == "biometry");
            assert!(!services, "{name} depends on {uses:?}");
        }
    }
}

#[test]
fn the_wire_depends_on_nothing_of_ours() {
    assert!(arrows()["biometry-proto"].is_empty());
}
