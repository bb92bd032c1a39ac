//! The set-up: everything a guest and its module need, in the cache folder. Each step
//! makes one product, keyed by what goes into it; a fresh product is left alone.

mod debug_kernel;
mod host;
mod kernel;
mod packages;
mod peer;
mod pocl;
pub(crate) mod qemu;
mod rootfs;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

pub(crate) use host::{cargo, libclang};
pub(crate) use kernel::{INITRAMFS_MODULES, local_version};
pub(crate) use peer::{MODULES as PEER_MODULES, NEEDED as PEER_NEEDED, Peer};
pub(crate) use pocl::Pocl;
pub(crate) use qemu::{Patched, Qemu};

use crate::apt::{Resolved, Set, Suite};
use crate::cli::{Image, Kernel, SetupArgs};
use crate::paths::Cache;
use crate::progress::{self, Step};
use crate::records::Records;
use crate::{stamp, unpack};

/// What the set-up leaves for the builds and the guests.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// The cache itself.
    pub(crate) cache: Cache,
    /// The unpacked root with compilers; `None` with a kernel tree of the person's own.
    pub(crate) buildroot: Option<PathBuf>,
    /// The unpacked root with `glslc`.
    pub(crate) shaders: PathBuf,
    /// How QEMU is called.
    pub(crate) qemu: Qemu,
    /// The QEMU with our device, if it has been built.
    pub(crate) patched: Option<Patched>,
    /// A QEMU that offers virtio-gpu with 3D contexts, if it was asked for.
    pub(crate) peer: Option<Peer>,
    /// Whose kernel is booted.
    pub(crate) flavour: Flavour,
    /// The prepared kernel tree.
    pub(crate) tree: PathBuf,
    /// The uncompressed kernel that is booted.
    pub(crate) vmlinux: PathBuf,
    /// The kernel's `lib/modules/RELEASE`, plain files; `None` with a person's own tree.
    pub(crate) modules: Option<PathBuf>,
    /// The kernel's release; empty when a person brought an own tree.
    pub(crate) release: String,
    /// The root file system image.
    pub(crate) rootfs: PathBuf,
    /// busybox, statically linked, for the initramfs.
    pub(crate) busybox: PathBuf,
    /// Names the set of versions in use; results of probes are cached under it.
    pub(crate) key: String,
    /// Names the kernel as it was built: a module built for it is good while this stays.
    pub(crate) kernel_key: String,
}

/// Whose kernel is booted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flavour {
    /// Debian's.
    Stock,
    /// Our debug kernel.
    Debug,
    /// A tree that the person built.
    Own,
}

impl Flavour {
    /// Tells this kernel's build folders and logs from the stock kernel's.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Stock => "",
            Self::Debug => "-debug",
            Self::Own => "-own",
        }
    }

    /// What make has to be told, so that the module is built as the kernel was.
    pub(crate) fn make_words(self) -> &'static str {
        match self {
            Self::Stock | Self::Own => "",
            Self::Debug => debug_kernel::COMPILER,
        }
    }
}

/// A kernel to boot and to build modules for.
struct KernelParts {
    tree: PathBuf,
    vmlinux: PathBuf,
    modules: Option<PathBuf>,
    release: String,
    key: String,
}

/// Brings everything up to date and says where it is.
pub(crate) fn run(args: &SetupArgs) -> Result<Ready> {
    let cache = Cache::open()?;
    let _lock = lock(&cache)?;
    let begun = Instant::now();
    let from_nothing =
        !cache.product("buildroot").exists() && !cache.apt().join("downloads").exists();
    let mut resolved = Resolved::read(&cache);
    settle(&cache, args, &packages::wanted(args), &mut resolved)?;
    let mut work = Work {
        cache: &cache,
        args,
        resolved: &resolved,
        downloaded: 0,
        did: false,
    };
    let buildroot = work.root("buildroot")?;
    let shaders = work.root(packages::SHADERS_SET)?;
    let (qemu, patched) = work.qemu()?;
    let stock = match &args.kernel_tree {
        Some(tree) => own_kernel(tree)?,
        None => work.kernel(&buildroot)?,
    };
    let (rootfs, busybox) = work.rootfs(
        args.image,
        &buildroot,
        stock.modules.as_deref(),
        &stock.release,
    )?;
    let peer = match args.peer {
        true => Some(work.peer(&buildroot, &stock.release)?),
        false => None,
    };
    let (flavour, kernel) = match (&args.kernel_tree, args.kernel) {
        (Some(_), _) => (Flavour::Own, stock),
        (None, Kernel::Stock) => (Flavour::Stock, stock),
        (None, Kernel::Debug) => (Flavour::Debug, work.debug_kernel(&buildroot)?),
    };
    let rootfs = match &args.rootfs {
        Some(file) => existing(file, "--rootfs")?,
        None => rootfs,
    };
    if work.did {
        let (seconds, downloaded) = (begun.elapsed().as_secs_f64(), work.downloaded);
        let what = if from_nothing {
            "the whole set-up, from nothing"
        } else {
            "the last partial set-up"
        };
        Records::step(&cache, what, seconds, downloaded)?;
        let fetched = progress::size(downloaded);
        eprintln!(
            "set-up complete in {seconds:.0} s, {fetched} downloaded, everything in {}",
            cache.root().display()
        );
    }
    // What a guest has beside the usual, QEMUs beside the stock one, and what compiles shaders
    // change nothing that is built for it.
    let other = [
        packages::image_set(Image::Mesa),
        packages::image_set(Image::Suites),
        packages::SHADERS_SET,
        packages::PEER_SET,
        packages::QEMU_BUILD_SET,
        packages::QEMU_SOURCE_SET,
        packages::SHADER_TOOLS_SET,
        packages::POCL_SET,
    ];
    let usual = |name: &str| !other.contains(&name);
    let sets: Vec<String> = resolved
        .sets
        .iter()
        .filter(|(name, _)| usual(name))
        .map(|(_, set)| set.key())
        .collect();
    let parts: Vec<&str> = sets.iter().map(String::as_str).collect();
    let key = stamp::digest(&parts);
    Ok(Ready {
        buildroot: args.kernel_tree.is_none().then_some(buildroot),
        cache: cache.clone(),
        shaders,
        qemu,
        patched,
        peer,
        flavour,
        tree: kernel.tree,
        vmlinux: kernel.vmlinux,
        modules: kernel.modules,
        release: kernel.release,
        rootfs,
        busybox,
        kernel_key: stamp::digest(&[&key, &kernel.key]),
        key,
    })
}

/// Settles on versions of those sets that have none yet, or that ask for something else now.
fn settle(
    cache: &Cache,
    args: &SetupArgs,
    wanted: &[packages::Wanted],
    resolved: &mut Resolved,
) -> Result<()> {
    let stale: Vec<&packages::Wanted> = wanted
        .iter()
        .filter(|w| {
            args.upgrade
                || resolved
                    .sets
                    .get(w.name)
                    .is_none_or(|set| set.recipe != w.recipe())
        })
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    host::ready()?;
    packages::resolve(cache, args, &stale, resolved)
}

/// A root with the compiler and the assembler for the shader cores, and nothing else of the
/// set-up.
pub(crate) fn shader_tools(args: &SetupArgs) -> Result<PathBuf> {
    alone(args, &packages::shader_tools())
}

/// OpenCL on the host's processor, and nothing else of the set-up.
pub(crate) fn pocl(args: &SetupArgs) -> Result<Pocl> {
    let root = alone(args, &packages::pocl())?;
    Pocl::new(&Cache::open()?, root)
}

/// A root of one set, and nothing else of the set-up.
fn alone(args: &SetupArgs, wanted: &packages::Wanted) -> Result<PathBuf> {
    let cache = Cache::open()?;
    let _lock = lock(&cache)?;
    let mut resolved = Resolved::read(&cache);
    settle(&cache, args, std::slice::from_ref(wanted), &mut resolved)?;
    Work {
        cache: &cache,
        args,
        resolved: &resolved,
        downloaded: 0,
        did: false,
    }
    .root(wanted.name)
}

/// `cargo xtask qemu`.
pub(crate) fn patched_qemu(args: &SetupArgs) -> Result<u8> {
    let mut args = args.clone();
    args.with_patched_qemu = true;
    let ready = run(&args)?;
    let patched = ready
        .patched
        .context("with --qemu PATH there is nothing to build: that QEMU is used as it is")?;
    println!(
        "{}",
        patched.product.join("bin/qemu-system-x86_64").display()
    );
    Ok(0)
}

/// The kernel of a person's own tree.
fn own_kernel(tree: &Path) -> Result<KernelParts> {
    let tree = existing(tree, "--kernel-tree")?;
    let vmlinux = existing(
        &tree.join("vmlinux"),
        "the kernel in --kernel-tree (vmlinux)",
    )?;
    Ok(KernelParts {
        vmlinux,
        modules: None,
        release: String::new(),
        key: tree.display().to_string(),
        tree,
    })
}

/// One set-up at a time in one cache; a second waits for the first.
fn lock(cache: &Cache) -> Result<File> {
    let path = cache.root().join("setup.lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        eprintln!(
            "another set-up is under way in {}; waiting for it",
            cache.root().display()
        );
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// A person's own part must exist.
fn existing(path: &Path, what: &str) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("{what}: cannot find {}", path.display()))
}

/// The steps' common state.
struct Work<'a> {
    cache: &'a Cache,
    args: &'a SetupArgs,
    resolved: &'a Resolved,
    downloaded: u64,
    did: bool,
}

impl Work<'_> {
    fn set(&self, name: &str) -> Result<&Set> {
        self.resolved
            .sets
            .get(name)
            .with_context(|| format!("the package set {name} was not resolved"))
    }

    fn suite(&self, set: &str) -> Suite {
        packages::suite(self.cache, &self.args.mirror, set)
    }

    /// Fetches a set's package files; returns where they lie.
    fn fetch(&mut self, name: &str) -> Result<Vec<PathBuf>> {
        host::ready()?;
        self.did = true;
        let set = self.set(name)?.clone();
        let suite = self.suite(name);
        let step = Step::begin(&format!("download {name}"));
        let bytes = suite.fetch(&set.packages, &step, &self.cache.logs())?;
        let seconds = step.done(&progress::size(bytes));
        self.downloaded += bytes;
        if bytes > 0 {
            Records::step(self.cache, &format!("download {name}"), seconds, bytes)?;
        }
        Ok(set.packages.iter().map(|p| suite.file(p)).collect())
    }

    /// Runs a step that makes a product, unless the product is fresh.
    fn product(
        &mut self,
        name: &str,
        key: &str,
        title: &str,
        make: impl FnOnce(&mut Self, &Path) -> Result<()>,
    ) -> Result<PathBuf> {
        self.product_by(name, key, title, |work| {
            let cache = work.cache;
            stamp::publish(cache, name, key, |scratch| make(work, scratch))
        })
    }

    /// As [`Work::product`] for a step that goes on where it was interrupted.
    fn resumable(
        &mut self,
        name: &str,
        key: &str,
        title: &str,
        make: impl FnOnce(&mut Self, &Path) -> Result<()>,
    ) -> Result<PathBuf> {
        self.product_by(name, key, title, |work| {
            let cache = work.cache;
            stamp::resume(cache, name, key, |scratch| make(work, scratch))
        })
    }

    fn product_by(
        &mut self,
        name: &str,
        key: &str,
        title: &str,
        publish: impl FnOnce(&mut Self) -> Result<PathBuf>,
    ) -> Result<PathBuf> {
        let product = self.cache.product(name);
        if stamp::fresh(&product, key) {
            return Ok(product);
        }
        self.did = true;
        let begun = Instant::now();
        let product = publish(self).with_context(|| format!("set-up step: {title}"))?;
        Records::step(self.cache, title, begun.elapsed().as_secs_f64(), 0)?;
        Ok(product)
    }

    /// An unpacked root of one set.
    fn root(&mut self, name: &str) -> Result<PathBuf> {
        let key = stamp::digest(&["root 1", &self.set(name)?.key()]);
        if stamp::fresh(&self.cache.product(name), &key) {
            return Ok(self.cache.product(name));
        }
        let files = self.fetch(name)?;
        self.product(name, &key, &format!("unpack {name}"), |_, into| {
            progress::step(&format!("unpack {name}"), |step| {
                unpack::root(&files, into, step)?;
                packages::finish_root(into)
            })
            .map(|_| ())
        })
    }
}
