// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the program tells management software of itself, by QEMU's conventions for vhost-user
//! back-ends: `--print-capabilities`, and the manifest in `dist/`.

use std::ffi::OsStr;
use std::io::{self, Write};

use serde::Serialize;

/// The argument that asks for it. Whatever else is said then counts for nothing.
pub const ARGUMENT: &str = "--print-capabilities";

/// What kind of back-end it is: the one of QEMU's list that comes nearest. The list has no
/// name for this device, and libvirt refuses all manifests if one has a name that it does not
/// know.
pub const TYPE: &str = "gpu";

/// The capabilities, as QEMU's vhost-user.json has them.
///
/// Without `features`, on purpose: whoever looks for a virtio-gpu back-end, as libvirt does for
/// `<driver name='vhostuser'/>` of a `<video>`, passes over a program that lists none, and
/// this program is none. docs/libvirt.md has what was tried.
#[derive(Serialize)]
struct Capabilities {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Whether the command line asks for them.
pub fn are_asked_for(mut arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> bool {
    arguments.any(|argument| argument.as_ref() == ARGUMENT)
}

/// Writes them, as JSON.
pub fn write(mut to: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut to, &Capabilities { kind: TYPE })?;
    writeln!(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn they_name_the_kind_and_no_features() {
        let mut text = Vec::new();
        write(&mut text).unwrap();
        assert_eq!(text, b"{\"type\":\"gpu\"}\n");
    }

    /// QEMU's VHostUserBackendType, as libvirt 11.3 and QEMU 10.0 know it.
    const TYPES: [&str; 15] = [
        "9p",
        "balloon",
        "block",
        "caif",
        "console",
        "crypto",
        "gpu",
        "input",
        "net",
        "rng",
        "rpmsg",
        "rproc-serial",
        "scsi",
        "vsock",
        "fs",
    ];

    #[test]
    fn the_manifest_has_the_schemas_fields_and_a_kind_that_everybody_knows() {
        let text = include_str!("../dist/90-vhost-device-igpu.json");
        let Value::Object(manifest) = serde_json::from_str(text).unwrap() else {
            panic!("an object");
        };
        let mut names: Vec<_> = manifest.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["binary", "description", "tags", "type"]);
        assert_eq!(manifest["type"], TYPE);
        assert!(TYPES.contains(&TYPE));
        assert!(manifest["description"].is_string());
        let tags = manifest["tags"].as_array().unwrap();
        assert!(tags.iter().all(Value::is_string));
        // The program that the units start.
        let binary = manifest["binary"].as_str().unwrap();
        let unit = include_str!("../dist/virtio-igpu@.service");
        assert!(unit.contains(&format!("\nExecStart={binary} ")));
    }
}
