//! Makes Rust declarations of the GPU's uAPI from C headers: the DRM, i915 and virtgpu ones
//! that are installed (package libdrm-dev or linux-libc-dev) and our own
//! `virtio_igpu_drm.h`. Nothing of the uAPI is written down a second time in Rust.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// What a person has to install when the headers or libclang are not there.
const NEEDED: &str = "apt-get install libclang1-14 libdrm-dev   \
    (libclang1-19 on Debian 13; libclang and libdrm's headers elsewhere)";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/sys/uapi.h");
    println!("cargo::rerun-if-changed=../guest-driver/uapi/virtio_igpu_drm.h");
    println!("cargo::rerun-if-env-changed=VIRTIO_IGPU_DRM_HEADERS");
    if let Err(reason) = generate() {
        eprintln!("error: the uAPI's declarations could not be made: {reason}");
        eprintln!("       needed: {NEEDED}");
        process::exit(1);
    }
}

/// Runs bindgen over `src/sys/uapi.h`.
fn generate() -> Result<(), String> {
    let headers = headers_folder()?;
    let clang_is_missing = std::panic::catch_unwind(bindgen::clang_version).is_err();
    if clang_is_missing {
        return Err("bindgen finds no libclang (the message above says where it looked)".into());
    }
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|e| e.to_string())?);
    bindgen::Builder::default()
        .header("src/sys/uapi.h")
        .clang_arg("-I../guest-driver/uapi")
        .clang_arg(format!("-I{}", headers.display()))
        .allowlist_type(
            "sync_file_info|drm_(i915|virtgpu|syncobj|gem|prime|version|get_cap).*|i915_.*",
        )
        .allowlist_var("(I915|DRM|IOCTL|EXEC_OBJECT|VIRTGPU)_.*|__I915_.*")
        .derive_default(true)
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate_comments(false)
        .generate()
        .map_err(|e| e.to_string())?
        .write_to_file(out.join("uapi.rs"))
        .map_err(|e| e.to_string())
}

/// The folder that holds `i915_drm.h` and `drm.h`.
fn headers_folder() -> Result<PathBuf, String> {
    let chosen = env::var_os("VIRTIO_IGPU_DRM_HEADERS").map(PathBuf::from);
    let usual = ["/usr/include/libdrm", "/usr/include/drm"].map(PathBuf::from);
    let tried: Vec<PathBuf> = chosen.into_iter().chain(usual).collect();
    let found = tried.iter().find(|folder| holds_headers(folder));
    found
        .cloned()
        .ok_or_else(|| format!("no i915_drm.h in any of {tried:?}"))
}

fn holds_headers(folder: &Path) -> bool {
    fs::metadata(folder.join("i915_drm.h")).is_ok() && fs::metadata(folder.join("drm.h")).is_ok()
}
