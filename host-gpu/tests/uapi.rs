// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Holds `src/uapi/generated.rs` against the kernel's headers, from which it was made. They
//! have to be Linux 7.2's, and are not installed where an older kernel's are; so this runs
//! when it is asked for:
//!
//! ```sh
//! VIRTIO_IGPU_DRM_HEADERS=TREE/include/uapi/drm \
//!     cargo test -p virtio-igpu-host-gpu --test uapi -- --ignored
//! ```
//!
//! With `UPDATE=1` besides it writes the file anew.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{env, fs};

const GENERATED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/uapi/generated.rs");

const HEADER: &str = "// SPDX-License-Identifier: MIT\n\n\
    // Made by tests/uapi.rs from Linux 7.2's drm.h and xe_drm.h.\n\n";

#[test]
#[ignore = "needs the headers of Linux 7.2 at VIRTIO_IGPU_DRM_HEADERS"]
fn the_declarations_are_the_headers() {
    let headers = env::var("VIRTIO_IGPU_DRM_HEADERS").unwrap();
    let bindings = bindgen::Builder::default()
        .header(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/uapi.h"))
        .clang_arg(format!("-I{headers}"))
        // What those include and an older system lacks.
        .clang_args(["-idirafter", &format!("{headers}/..")])
        .clang_arg("-D__user=")
        .allowlist_type("drm_xe_(engine_class_instance|engine|query_engine_cycles|device_query)")
        .allowlist_type(
            "drm_xe_(ext_set_property|vm_create|vm_destroy|vm_bind_op|vm_bind|sync|exec)",
        )
        .allowlist_type("drm_xe_exec_queue_(create|destroy|get_property)")
        .allowlist_type("drm_syncobj_(create|destroy|wait|timeline_wait|eventfd|timeline_array)")
        .allowlist_type("drm_(version|get_cap)")
        .allowlist_var("DRM_XE_(VM_|EXEC|SYNC|DEVICE_QUERY|QUERY_CONFIG|ENGINE_CLASS|MAX_SYNCS).*")
        .allowlist_var("IOCTL_.*|DRM_(CAP_SYNCOBJ.*|SYNCOBJ_.*)")
        .derive_default(true)
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .unwrap()
        .to_string();
    let expected = format!("{HEADER}{bindings}");
    if env::var_os("UPDATE").is_some() {
        fs::write(GENERATED, &expected).unwrap();
    }
    assert!(
        fs::read_to_string(GENERATED).unwrap() == expected,
        "src/uapi/generated.rs is not what the headers say: UPDATE=1 makes it anew"
    );
}
