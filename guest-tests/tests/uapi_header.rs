//! Our uAPI header: it compiles as C and as C++ without a warning, and its structures lie
//! in memory as the RFC's do.

#![allow(
    clippy::unwrap_used,
    reason = "the unwrap that fails says what went wrong"
)]

use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use virtio_igpu_guest_tests::sys::uapi::*;

fn header() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-driver/uapi/virtio_igpu_drm.h")
}

fn compiles_as(language: &str) {
    // Where the build has them from.
    let headers = std::env::var("VIRTIO_IGPU_DRM_HEADERS");
    let headers = headers.unwrap_or("/usr/include/libdrm".into());
    let output = Command::new("cc")
        .args([
            "-x",
            language,
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
        ])
        .arg(format!("-I{headers}"))
        .arg(header())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_header_compiles_as_c() {
    compiles_as("c");
}

#[test]
fn the_header_compiles_as_cpp() {
    compiles_as("c++");
}

#[test]
fn structures_have_the_rfcs_layout() {
    assert_eq!(size_of::<drm_i915_gem_timeline_fence>(), 16);
    assert_eq!(offset_of!(drm_i915_gem_timeline_fence, value), 8);

    assert_eq!(size_of::<drm_i915_gem_vm_bind>(), 64);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, start), 8);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, offset), 16);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, length), 24);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, flags), 32);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, fence), 40);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind, extensions), 56);

    assert_eq!(size_of::<drm_i915_gem_vm_unbind>(), 56);
    assert_eq!(offset_of!(drm_i915_gem_vm_unbind, rsvd), 4);
    assert_eq!(offset_of!(drm_i915_gem_vm_unbind, start), 8);
    assert_eq!(offset_of!(drm_i915_gem_vm_unbind, flags), 24);
    assert_eq!(offset_of!(drm_i915_gem_vm_unbind, fence), 32);
    assert_eq!(offset_of!(drm_i915_gem_vm_unbind, extensions), 48);

    assert_eq!(size_of::<drm_i915_gem_execbuffer3>(), 56);
    assert_eq!(offset_of!(drm_i915_gem_execbuffer3, batch_address), 8);
    assert_eq!(offset_of!(drm_i915_gem_execbuffer3, flags), 16);
    assert_eq!(offset_of!(drm_i915_gem_execbuffer3, fence_count), 28);
    assert_eq!(offset_of!(drm_i915_gem_execbuffer3, timeline_fences), 32);
    assert_eq!(offset_of!(drm_i915_gem_execbuffer3, extensions), 48);

    assert_eq!(size_of::<drm_i915_gem_vm_bind_ext_fences>(), 48);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind_ext_fences, fences), 40);
    assert_eq!(size_of::<drm_i915_gem_vm_bind_ext_ops>(), 48);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind_ext_ops, ops), 40);
    assert_eq!(size_of::<drm_i915_gem_vm_bind_op>(), 48);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind_op, start), 8);
    assert_eq!(offset_of!(drm_i915_gem_vm_bind_op, flags), 32);

    assert_eq!(size_of::<drm_i915_gem_create_ext_vm_private>(), 40);
    assert_eq!(offset_of!(drm_i915_gem_create_ext_vm_private, vm_id), 32);
}

#[test]
fn requests_have_their_numbers_and_sizes() {
    assert_eq!(IOCTL_I915_GEM_VM_BIND, 0xc040_647d);
    assert_eq!(IOCTL_I915_GEM_VM_UNBIND, 0xc038_647e);
    assert_eq!(IOCTL_I915_GEM_EXECBUFFER3, 0xc038_647f);
    assert_eq!(I915_PARAM_VM_BIND_VERSION, 0x10039);
    assert_eq!(I915_GEM_CREATE_EXT_VM_PRIVATE, 0x10002);
}
