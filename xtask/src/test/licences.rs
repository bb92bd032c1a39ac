//! The dependencies' licences and sources, held against deny.toml: what cargo-deny would
//! say of them, without having to build cargo-deny first.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, Licensee};

use crate::exec;
use crate::paths::checkout;
use crate::setup;
use crate::tally::Tally;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// The check.
pub(super) fn check() -> Result<Tally> {
    let text = fs::read_to_string(checkout().join("deny.toml")).context("cannot read deny.toml")?;
    let deny: Deny = toml::from_str(&text).context("deny.toml has no list of allowed licences")?;
    let allowed: Vec<Licensee> = deny
        .licenses
        .allow
        .iter()
        .map(|name| {
            Licensee::parse_mode(name, spdx::ParseMode::LAX)
                .with_context(|| format!("deny.toml allows an unknown licence: {name}"))
        })
        .collect::<Result<_>>()?;
    let mut cargo = setup::cargo(None);
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]);
    let metadata: Metadata = serde_json::from_str(&exec::output("cargo metadata", &mut cargo)?)
        .context("cargo metadata is not understood")?;
    let mut tally = Tally::default();
    for package in &metadata.packages {
        let complaint = complaint(package, &allowed);
        if let Some(complaint) = &complaint {
            println!("{} {}: {complaint}", package.name, package.version);
        }
        tally.failed += u64::from(complaint.is_some());
    }
    println!("{} packages looked at", metadata.packages.len());
    tally.passed = u64::from(tally.failed == 0);
    Ok(tally)
}

fn complaint(package: &Package, allowed: &[Licensee]) -> Option<String> {
    if let Some(source) = &package.source
        && !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
    {
        return Some(format!("comes from {source}, not from the registry"));
    }
    let Some(license) = &package.license else {
        return Some("states no licence".to_string());
    };
    let Ok(expression) = Expression::parse_mode(license, spdx::ParseMode::LAX) else {
        return Some(format!(
            "states a licence that is not understood: {license}"
        ));
    };
    let fits = |need: &LicenseReq| allowed.iter().any(|licensee| licensee.satisfies(need));
    (!expression.evaluate(fits))
        .then(|| format!("has a licence that deny.toml does not allow: {license}"))
}

#[cfg(test)]
mod tests {
    use super::{Package, complaint};
    use spdx::Licensee;

    fn judged(license: Option<&str>, source: Option<&str>) -> Option<String> {
        let package = Package {
            name: "x".into(),
            version: "1".into(),
            license: license.map(str::to_string),
            source: source.map(str::to_string),
        };
        complaint(&package, &[Licensee::parse("MIT").expect("a licence")])
    }

    #[test]
    fn one_allowed_choice_is_enough_and_both_of_a_pair_are_needed() {
        assert_eq!(judged(Some("MIT OR GPL-3.0"), None), None);
        assert_eq!(judged(Some("MIT/Apache-2.0"), None), None);
        assert!(judged(Some("MIT AND GPL-3.0"), None).is_some());
        assert!(judged(None, None).is_some());
        assert!(judged(Some("MIT"), Some("git+https://example.org/x")).is_some());
    }
}
