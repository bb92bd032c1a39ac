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
    // Made by tests/uapi.rs from Linux 7.2's drm.h, i915_drm.h, xe_drm.h and udmabuf.h.\n\n";

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
        .allowlist_type("drm_xe_(gt|query_gt_list|query_topology_mask)")
        .allowlist_type(
            "drm_xe_(ext_set_property|vm_create|vm_destroy|vm_bind_op|vm_bind|sync|exec)",
        )
        .allowlist_type("drm_xe_exec_queue_(create|destroy|get_property)")
        .allowlist_type("drm_syncobj_(create|destroy|wait|timeline_wait|eventfd|timeline_array)")
        .allowlist_type("drm_(version|get_cap|gem_close|syncobj_handle|prime_handle)")
        .allowlist_type("udmabuf_create_(item|list)|drm_i915_gem_caching")
        .allowlist_var("UDMABUF_FLAGS_CLOEXEC|I915_CACHING_CACHED")
        .allowlist_type("drm_i915_(getparam|query|query_item|reg_read|reset_stats)")
        .allowlist_type("drm_i915_(query_engine_info|engine_info|query_topology_info)")
        .allowlist_type("drm_i915_(query_memory_regions|memory_region_info|gem_userptr)")
        .allowlist_type("drm_i915_gem_(vm_control|context_create_ext|context_destroy)")
        .allowlist_type("drm_i915_gem_(context_param|context_create_ext_setparam)")
        .allowlist_type("drm_i915_gem_(execbuffer2|exec_object2|exec_fence)")
        .allowlist_type("drm_i915_gem_execbuffer_ext_timeline_fences")
        .allowlist_type("i915_(engine_class_instance|user_extension|context_(param_engines|engines_load_balance))")
        .allowlist_var("I915_PARAM_(CHIPSET_ID|REVISION|CS_TIMESTAMP_FREQUENCY)")
        .allowlist_var("I915_PARAM_(HAS_USERPTR_PROBE|HAS_EXEC_TIMELINE_FENCES|HAS_SCHEDULER)")
        .allowlist_var("I915_(USERPTR_PROBE|CONTEXT_CREATE_EXT_SETPARAM)")
        .allowlist_var("I915_CONTEXT_(CREATE_FLAGS_USE_EXTENSIONS|(MIN|MAX)_USER_PRIORITY)")
        .allowlist_var("I915_CONTEXT_PARAM_(VM|ENGINES|PERSISTENCE|RECOVERABLE|PRIORITY|GTT_SIZE)")
        .allowlist_var("I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE|I915_ENGINE_CLASS_INVALID.*")
        .allowlist_var("(EXEC|OBJECT|FENCE)_(USE_EXT.*|BATCH_FIRST|NO_RELOC|PINNED|48B|ASYNC|WAIT|SIGNAL)")
        .allowlist_var("DRM_I915_(GEM_EXECBUFFER_EXT_TIMELINE_FENCES|QUERY_(ENGINE|TOPOLOGY)_INFO|QUERY_MEMORY_REGIONS)")
        .allowlist_type("drm_i915_gem_(engine_class|memory_class).*")
        .allowlist_var("DRM_XE_(VM_|EXEC|SYNC|DEVICE_QUERY|TOPO_|QUERY_CONFIG|ENGINE_CLASS|MAX_SYNCS).*")
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
