//! Which packages the set-up asks for, from which suite, and how a root made of them is
//! finished without running their scripts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, bail};
use regex::Regex;

use crate::apt::{Resolved, Set, Suite};
use crate::chroot::Root;
use crate::cli::{Image, QemuChoice, SetupArgs};
use crate::exec;
use crate::paths::Cache;
use crate::progress::{self, Step};

/// The kernel series the module is written for.
const KERNEL_SERIES: &str = "7.2";
/// The oldest QEMU that has the generic vhost-user device and its shared-memory regions.
const QEMU_LEAST: (u32, u32) = (11, 1);

/// What a shell script expects to find.
const BASE: &str = "base-files bash dash coreutils sed grep mawk findutils diffutils tar gzip bzip2 perl-base libc-bin util-linux mount";
/// What builds the kernel module, and the guest's image.
const BUILD: &str = "gcc-14 gcc binutils libc6-dev make flex bison bc libelf-dev libssl-dev rustc rust-src bindgen \
    rustfmt rust-clippy clang python3-minimal perl xz-utils zstd cpio kmod erofs-utils pahole";
/// What the guest runs. Without rtcwake, by which IGT ends a suspension: an emulated machine
/// does not wake by its clock, whatever devices it has, and the subtests would not end.
const GUEST: &str =
    "base-files bash busybox-static kmod libc-bin igt-gpu-tools igt-gpu-tools-tests strace";
/// What it has besides in the larger image: users of the device that are no tests.
const MESA: &str = "drm-info libdrm-tests mesa-vulkan-drivers vulkan-tools mesa-utils-bin libegl1 libegl-mesa0 \
    libgl1-mesa-dri libgles2 libgl1 intel-opencl-icd clinfo clpeak pciutils";
/// What it has besides in the largest image: suites of others whose kernels and shaders the GPU
/// executes.
const SUITES: &str = "piglit llama.cpp-tests libggml0-backend-vulkan";
/// The compiler of shaders.
const SHADERS: &str = "base-files libc-bin glslc";
/// The name of that set of packages, and of the root made of it.
pub(super) const SHADERS_SET: &str = "glslc";
/// What a QEMU needs beside the packages of [`QEMU`] to give its guest a virtio-gpu with 3D
/// contexts where there is no GPU: its OpenGL modules, a window to draw in, an X server that
/// shows nothing, and OpenGL in software.
const PEER: &str = "base-files bash dash coreutils libc-bin util-linux mount xvfb x11-xkb-utils xkb-data \
    libgl1-mesa-dri libegl-mesa0 libglx-mesa0 libegl1 libgl1 libgles2 libgdk-pixbuf-2.0-0 shared-mime-info \
    adwaita-icon-theme fonts-dejavu-core fontconfig-config";
/// QEMU itself.
const QEMU: [&str; 4] = [
    "qemu-system-x86",
    "qemu-system-common",
    "qemu-system-data",
    "seabios",
];
/// Its modules for [`PEER`].
const QEMU_OPENGL: [&str; 2] = ["qemu-system-modules-opengl", "qemu-system-gui"];
/// The name of that set of packages, and of the root made of it.
pub(super) const PEER_SET: &str = "qemu-opengl";

/// What builds a QEMU of our own, beside what is in [`BASE`] less bzip2: where QEMU's build finds
/// that, it wants to unpack firmware images that Debian's source has not.
const QEMU_BUILD: &str = "gcc-14 gcc binutils libc6-dev make meson ninja-build python3 python3-venv python3-pip python3-pycotap perl \
    pkgconf libglib2.0-dev libpixman-1-dev zlib1g-dev libattr1-dev patch xz-utils flex bison";
/// The name of that set of packages, and of the root made of it.
pub(super) const QEMU_BUILD_SET: &str = "qemu-build";
/// The name of the set with QEMU's source.
pub(super) const QEMU_SOURCE_SET: &str = "qemu-source";

/// A compiler of OpenCL C for the GPU's shader cores (it loads its front and back end by their
/// names), and Intel's assembler of their machine code.
const SHADER_TOOLS: &str = "base-files libc-bin intel-ocloc libigdfcl2 libigc2 libigc2-tools";
/// The name of that set of packages, and of the root made of it.
pub(super) const SHADER_TOOLS_SET: &str = "shader-tools";

/// OpenCL on the host's processor, with which the shader cores are compared: the driver, the
/// loader by which programs find it, what lists it, and tests of others for both.
const POCL: &str = "base-files libc-bin pocl-opencl-icd ocl-icd-libopencl1 clinfo piglit";
/// The name of that set of packages, and of the root made of it.
pub(super) const POCL_SET: &str = "pocl";

/// One set of packages to ask for.
pub(super) struct Wanted {
    /// The set's name.
    pub(super) name: &'static str,
    /// The suite's name.
    suite: &'static str,
    packages: Vec<String>,
}

impl Wanted {
    /// What is recorded: a different recipe is resolved anew.
    pub(super) fn recipe(&self) -> String {
        format!("{}: {}", self.suite, self.packages.join(" "))
    }
}

/// Everything the set-up needs, less what the person brought.
pub(super) fn wanted(args: &SetupArgs) -> Vec<Wanted> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    let mut sets = vec![Wanted {
        name: "buildroot",
        suite: "trixie",
        packages: words(&format!("{BASE} {BUILD}")),
    }];
    sets.push(Wanted {
        name: SHADERS_SET,
        suite: "trixie",
        packages: words(SHADERS),
    });
    if args.kernel_tree.is_none() {
        sets.push(Wanted {
            name: "kernel",
            suite: "trixie",
            packages: vec![format!("linux {KERNEL_SERIES}")],
        });
    }
    if !matches!(args.qemu, QemuChoice::Path(_)) {
        let packages = QEMU.map(|name| format!("{name}/trixie-backports"));
        let packages = [words("base-files libc-bin"), packages.to_vec()].concat();
        sets.push(Wanted {
            name: "qemu",
            suite: "trixie",
            packages,
        });
    }
    if args.builds_qemu() {
        sets.push(Wanted {
            name: QEMU_BUILD_SET,
            suite: "trixie",
            packages: words(&format!("{BASE} {QEMU_BUILD}").replace(" bzip2 ", " ")),
        });
        sets.push(Wanted {
            name: QEMU_SOURCE_SET,
            suite: "trixie",
            packages: words("qemu"),
        });
    }
    sets.push(Wanted {
        name: image_set(Image::Igt),
        suite: "forky",
        packages: words(GUEST),
    });
    let larger = match args.image {
        Image::Igt => None,
        Image::Mesa => Some(format!("{GUEST} {MESA}")),
        Image::Suites => Some(format!("{GUEST} {MESA} {SUITES}")),
    };
    if let Some(packages) = larger {
        sets.push(Wanted {
            name: image_set(args.image),
            suite: "forky",
            packages: words(&packages),
        });
    }
    if args.peer {
        let qemu = QEMU.iter().chain(&QEMU_OPENGL);
        let packages = qemu.map(|name| format!("{name}/trixie-backports"));
        sets.push(Wanted {
            name: PEER_SET,
            suite: "trixie",
            packages: words(PEER).into_iter().chain(packages).collect(),
        });
    }
    sets
}

/// What the shader cores' tests need, which have no guest.
pub(super) fn shader_tools() -> Wanted {
    alone(SHADER_TOOLS_SET, SHADER_TOOLS)
}

/// What comparisons with OpenCL on the processor need.
pub(super) fn pocl() -> Wanted {
    alone(POCL_SET, POCL)
}

/// A set that is asked for only by what needs it.
fn alone(name: &'static str, packages: &str) -> Wanted {
    Wanted {
        name,
        suite: "forky",
        packages: packages.split_whitespace().map(str::to_string).collect(),
    }
}

/// The name of an image's package set, and of the product made of it.
pub(super) fn image_set(image: Image) -> &'static str {
    match image {
        Image::Igt => "rootfs",
        Image::Mesa => "rootfs-mesa",
        Image::Suites => "rootfs-suites",
    }
}

/// The suite a set comes from.
pub(super) fn suite(cache: &Cache, mirror: &str, set: &str) -> Suite {
    if set.starts_with("rootfs") || [SHADER_TOOLS_SET, POCL_SET].contains(&set) {
        Suite::forky(cache, mirror)
    } else {
        Suite::trixie(cache, mirror)
    }
}

/// Settles on versions: the newest of each series that is there now.
pub(super) fn resolve(
    cache: &Cache,
    args: &SetupArgs,
    stale: &[&Wanted],
    resolved: &mut Resolved,
) -> Result<()> {
    for name in ["trixie", "forky"] {
        let of_suite: Vec<&&Wanted> = stale.iter().filter(|w| w.suite == name).collect();
        let Some(first) = of_suite.first() else {
            continue;
        };
        let suite = suite(cache, &args.mirror, first.name);
        progress::step(&format!("package lists of {name}"), |_| {
            suite.update(&cache.logs())
        })?;
        for wanted in of_suite {
            let step = Step::begin(&format!("choose versions for {}", wanted.name));
            let mut set = match wanted.name {
                "kernel" => kernel(&suite)?,
                QEMU_SOURCE_SET => Set {
                    packages: suite.source("qemu")?,
                    ..Set::default()
                },
                _ => Set {
                    packages: suite.closure(&wanted.packages)?,
                    ..Set::default()
                },
            };
            if wanted.name == "qemu" || wanted.name == PEER_SET {
                check_qemu(&set)?;
            }
            set.recipe = wanted.recipe();
            step.done(&format!(
                "{} packages, {}",
                set.packages.len(),
                progress::size(set.bytes())
            ));
            resolved.sets.insert(wanted.name.to_string(), set);
            resolved.write(cache)?;
        }
    }
    Ok(())
}

/// The newest kernel of the series, with the source of the very same version.
fn kernel(suite: &Suite) -> Result<Set> {
    let pattern = format!(
        r"^linux-image-({}\.(\d+)\+deb\d+-amd64)$",
        regex::escape(KERNEL_SERIES)
    );
    let pattern = Regex::new(&pattern).context("the kernel's name pattern")?;
    let names = suite.names(&format!("linux-image-{KERNEL_SERIES}."))?;
    let source = format!("linux-source-{KERNEL_SERIES}");
    let sources = suite.versions(&source)?;
    let mut candidates: Vec<(u32, String)> = names
        .iter()
        .filter_map(|name| pattern.captures(name))
        .filter_map(|found| Some((found[2].parse().ok()?, found[1].to_string())))
        .collect();
    candidates.sort();
    for (_, release) in candidates.iter().rev() {
        let versions = suite.versions(&format!("linux-base-{release}"))?;
        let Some(version) = versions.iter().find(|v| sources.contains(v)) else {
            continue;
        };
        let packages: Vec<String> = [
            "linux-headers",
            "linux-base",
            "linux-modules",
            "linux-binary",
        ]
        .iter()
        .map(|part| format!("{part}-{release}={version}"))
        .chain([format!("{source}={version}")])
        .collect();
        return Ok(Set {
            packages: suite.exactly(&packages)?,
            release: release.clone(),
            ..Set::default()
        });
    }
    bail!(
        "looked in trixie-backports for a kernel linux-image-{KERNEL_SERIES}.*-amd64 with a {source} of the same version: \
         found kernels {:?} and sources {sources:?}",
        candidates
            .iter()
            .map(|(_, release)| release)
            .collect::<Vec<_>>()
    )
}

fn check_qemu(set: &Set) -> Result<()> {
    let wanted = &set.package("qemu-system-x86")?.wanted;
    let version = wanted.split_once('=').map_or("", |(_, v)| v);
    let plain = version.split_once(':').map_or(version, |(_, v)| v);
    let mut numbers = plain
        .split(['.', '+', '~', '-'])
        .map_while(|n| n.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < QEMU_LEAST {
        let (major, minor) = QEMU_LEAST;
        bail!(
            "looked in trixie-backports for qemu-system-x86 {major}.{minor} or newer: found {version}"
        );
    }
    Ok(())
}

/// What the packages' scripts would have done and is needed here.
pub(super) fn finish_root(root: &Path) -> Result<()> {
    for folder in ["proc", "sys", "dev", "tmp", "run", "root", "etc"] {
        let folder = root.join(folder);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    for (link, target) in [("awk", "mawk"), ("cc", "gcc"), ("sh", "dash")] {
        let link = root.join("usr/bin").join(link);
        if !link.exists() && root.join("usr/bin").join(target).exists() {
            symlink(target, &link).with_context(|| format!("cannot link {}", link.display()))?;
        }
    }
    for (file, text) in [
        (
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        ),
        (
            "etc/group",
            "root:x:0:\ntty:x:5:\nvideo:x:44:\nrender:x:106:\nnogroup:x:65534:\n",
        ),
        ("etc/hostname", "igpu\n"),
        ("etc/hosts", "127.0.0.1 localhost igpu\n"),
    ] {
        let file = root.join(file);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut ldconfig = Root::new(root).command(["/usr/sbin/ldconfig"])?;
    exec::output("ldconfig", &mut ldconfig).map(|_| ())
}
