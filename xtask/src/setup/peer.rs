//! What the GPU is measured beside: a QEMU that offers virtio-gpu with 3D contexts, and the
//! guest's modules for it. Fetched when a comparison is asked for, and no part of any other
//! guest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Work, packages};
use crate::chroot::Root;
use crate::{exec, stamp, unpack};

/// The guest's modules that no other guest has, in the order to load them.
pub(crate) const MODULES: [&str; 2] = ["virtio_dma_buf", "virtio-gpu"];
/// Those that they need and that every guest has.
pub(crate) const NEEDED: [&str; 3] = ["drm_kms_helper", "drm_shmem_helper", "drm_client_lib"];

/// The parts of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The root with QEMU, an X server and OpenGL.
    pub(crate) root: PathBuf,
    /// The folder with the modules' files; `None` with a person's own kernel, which has to
    /// have them built in.
    pub(crate) modules: Option<PathBuf>,
}

/// Finds the wanted modules in the unpacked package and leaves nothing but them.
const CHOOSE: &str = r#"
set -e
cd /k
for name; do
    file=$(find parts -name "$name.ko" -o -name "$name.ko.xz")
    case $file in *.xz) xz -dc "$file" >"$name.ko" ;; *) cp "$file" "$name.ko" ;; esac
done
rm -r parts
"#;

impl Work<'_> {
    /// The root, and the modules of Debian's kernel of that release.
    pub(super) fn peer(&mut self, buildroot: &Path, release: &str) -> Result<Peer> {
        let root = self.root(packages::PEER_SET)?;
        let modules = match release {
            "" => None,
            release => Some(self.peer_modules(buildroot, release)?),
        };
        Ok(Peer { root, modules })
    }

    fn peer_modules(&mut self, buildroot: &Path, release: &str) -> Result<PathBuf> {
        let name = "qemu-opengl-modules";
        let key = stamp::digest(&[name, &self.set("kernel")?.key(), &MODULES.join(" ")]);
        if stamp::fresh(&self.cache.product(name), &key) {
            return Ok(self.cache.product(name));
        }
        self.fetch("kernel")?;
        self.product(name, &key, "unpack virtio-gpu", |work, into| {
            let parts = into.join("parts");
            fs::create_dir(&parts).context("cannot create a folder for the package")?;
            let file = work.kernel_file(&format!("linux-modules-{release}"))?;
            let members = ["*/drivers/gpu/drm/virtio/*", "*/virtio_dma_buf.ko*"];
            unpack::package(&file, &parts, &members)?;
            let words = ["sh", "-c", CHOOSE, "choose"].into_iter().chain(MODULES);
            let mut command = Root::new(buildroot).bind(into, "/k").command(words)?;
            exec::output("choosing virtio-gpu's modules", &mut command).map(|_| ())
        })
    }
}
