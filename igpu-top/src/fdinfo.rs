// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A sample from `/proc/PID/fdinfo`: the kernel's drm-usage-stats, as any DRM driver has
//! them (Documentation/gpu/drm-usage-stats.rst). In a guest, that is what igpu-top reads.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::model::{Client, Engine, Memory, Sample};

/// What one fdinfo file says of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// `drm-driver`.
    pub(crate) driver: String,
    /// `drm-pdev`: where the device is; empty if it doesn't say.
    pub(crate) device: String,
    /// `drm-client-id`: the same in each file that shows the same client.
    pub(crate) client: u64,
    /// `drm-engine-*`, in nanoseconds.
    pub(crate) busy_ns: BTreeMap<String, u64>,
    /// `drm-engine-capacity-*`, where not 1.
    pub(crate) capacity: BTreeMap<String, u64>,
    /// The sum of `drm-total-*` (or, from older drivers, `drm-memory-*`), in bytes.
    pub(crate) total: u64,
    /// The sum of `drm-resident-*`, in bytes.
    pub(crate) resident: u64,
}

/// A number of bytes as drm-usage-stats writes it.
fn bytes(value: &str) -> Option<u64> {
    let mut words = value.split_ascii_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    let unit = match words.next() {
        None => 1,
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some(_) => return None,
    };
    number.checked_mul(unit)
}

/// What an fdinfo file says; `None`: it is no DRM client's. Keys and values that are not
/// understood are passed over.
pub(crate) fn parse(text: &str) -> Option<Usage> {
    let mut usage = Usage::default();
    let mut client = None;
    let mut memory = 0;
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if key == "drm-driver" {
            usage.driver = value.to_owned();
        } else if key == "drm-pdev" {
            usage.device = value.to_owned();
        } else if key == "drm-client-id" {
            client = value.parse().ok();
        } else if let Some(name) = key.strip_prefix("drm-engine-capacity-") {
            if let Ok(number) = value.parse() {
                usage.capacity.insert(name.to_owned(), number);
            }
        } else if let Some(name) = key.strip_prefix("drm-engine-") {
            let number = value.strip_suffix("ns").map(str::trim);
            if let Some(Ok(number)) = number.map(str::parse) {
                usage.busy_ns.insert(name.to_owned(), number);
            }
        } else if key.starts_with("drm-total-") {
            usage.total = usage.total.saturating_add(bytes(value).unwrap_or(0));
        } else if key.starts_with("drm-resident-") {
            usage.resident = usage.resident.saturating_add(bytes(value).unwrap_or(0));
        } else if key.starts_with("drm-memory-") {
            memory = bytes(value).unwrap_or(0).saturating_add(memory);
        }
    }
    usage.client = client.filter(|_| !usage.driver.is_empty())?;
    if usage.total == 0 {
        usage.total = memory;
        usage.resident = usage.resident.max(memory);
    }
    Some(usage)
}

/// The clients of a driver that processes under `proc` have open, each once.
pub(crate) fn clients(proc: &Path, driver: &str) -> Vec<Client> {
    let mut found: BTreeMap<(String, u64), Client> = BTreeMap::new();
    let mut processes: Vec<u64> = fs::read_dir(proc)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    processes.sort_unstable();
    for pid in processes {
        let folder = proc.join(pid.to_string());
        // Processes end and files are closed while they are looked at; others' are not ours.
        let files = fs::read_dir(folder.join("fdinfo")).into_iter().flatten();
        for file in files.filter_map(Result::ok) {
            let is_drm = fs::read_link(folder.join("fd").join(file.file_name()))
                .is_ok_and(|target| target.starts_with("/dev/dri"));
            if !is_drm {
                continue;
            }
            let usage = fs::read_to_string(file.path()).ok();
            let Some(usage) = usage.as_deref().and_then(parse) else {
                continue;
            };
            if usage.driver != driver {
                continue;
            }
            let key = (usage.device.clone(), usage.client);
            found
                .entry(key)
                .or_insert_with(|| client(pid, &folder, usage));
        }
    }
    found.into_values().collect()
}

fn client(pid: u64, folder: &Path, usage: Usage) -> Client {
    let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
    let capacity = |name: &String| usage.capacity.get(name).copied().unwrap_or(1);
    Client {
        id: format!("{}#{}", usage.device, usage.client),
        name: format!("{pid} {}", name.trim_end()),
        engines: usage
            .busy_ns
            .iter()
            .map(|(name, busy_ns)| Engine {
                name: name.clone(),
                capacity: capacity(name),
                busy_ns: *busy_ns,
            })
            .collect(),
        memory: Memory {
            total: usage.total,
            resident: usage.resident,
        },
        submissions: None,
    }
}

/// A sample of this machine's clients of a driver.
pub(crate) fn sample(driver: &str, at: f64) -> Sample {
    let clients = clients(Path::new("/proc"), driver);
    Sample {
        title: format!("{driver} on this machine, clients: {}", clients.len()),
        at,
        clients,
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    const TEXT: &str = "pos:\t0\nflags:\t02100002\nmnt_id:\t23\nino:\t308\n\
        drm-driver:\ti915\ndrm-client-id:\t7\ndrm-pdev:\t0000:00:02.0\n\
        drm-total-system0:\t12 KiB\ndrm-shared-system0:\t0\ndrm-active-system0:\t8 KiB\n\
        drm-resident-system0:\t8 KiB\ndrm-purgeable-system0:\t0\n\
        drm-engine-render:\t9288864723 ns\ndrm-engine-copy:\t0 ns\n\
        drm-engine-video:\t17 ns\ndrm-engine-capacity-video:\t2\ndrm-new-key:\tnews\n";

    #[test]
    fn the_documented_keys_are_read_and_others_passed_over() {
        let usage = parse(TEXT).unwrap();
        assert_eq!((usage.driver.as_str(), usage.client), ("i915", 7));
        assert_eq!(usage.device, "0000:00:02.0");
        assert_eq!((usage.total, usage.resident), (12 << 10, 8 << 10));
        assert_eq!(usage.busy_ns["render"], 9_288_864_723);
        assert_eq!(usage.busy_ns.len(), 3);
        assert_eq!(usage.capacity["video"], 2);
    }

    #[test]
    fn what_is_no_clients_is_none_and_nonsense_counts_as_nothing() {
        assert_eq!(parse("pos:\t0\nflags:\t02\n"), None);
        assert_eq!(parse("drm-driver:\ti915\n"), None);
        assert_eq!(parse("drm-client-id:\t1\n"), None);
        let odd = "drm-driver: x\ndrm-client-id: 1\ndrm-total-a: 99999999999999999 MiB\n\
            drm-total-b: 3 GB\ndrm-total-c:\ndrm-engine-e: -5 ns\ndrm-engine-f: 5\n";
        let usage = parse(odd).unwrap();
        assert_eq!((usage.total, usage.busy_ns.len()), (0, 0));
        let older = "drm-driver: x\ndrm-client-id: 1\ndrm-memory-vram: 5 MiB\n";
        let usage = parse(older).unwrap();
        assert_eq!((usage.total, usage.resident), (5 << 20, 5 << 20));
    }

    #[test]
    fn a_client_that_several_files_show_counts_once() {
        let proc = std::env::temp_dir().join(format!("igpu-top-test-{}", std::process::id()));
        for (pid, fd, target, client) in [
            (41, 3, "/dev/dri/renderD128", 7),
            (41, 4, "/dev/dri/renderD128", 7),
            (42, 3, "/dev/dri/renderD128", 7),
            (42, 5, "/dev/dri/card0", 8),
            (42, 6, "/tmp/elsewhere", 9),
        ] {
            let folder = proc.join(pid.to_string());
            fs::create_dir_all(folder.join("fd")).unwrap();
            fs::create_dir_all(folder.join("fdinfo")).unwrap();
            fs::write(folder.join("comm"), "painter\n").unwrap();
            symlink(target, folder.join("fd").join(fd.to_string())).unwrap();
            let text = TEXT.replace("client-id:\t7", &format!("client-id:\t{client}"));
            fs::write(folder.join("fdinfo").join(fd.to_string()), text).unwrap();
        }
        let found = clients(&proc, "i915");
        let others = clients(&proc, "xe");
        fs::remove_dir_all(&proc).unwrap();
        let names: Vec<_> = found.iter().map(|client| client.name.as_str()).collect();
        assert_eq!(names, ["41 painter", "42 painter"]);
        assert_eq!(found[0].engines[2].capacity, 2);
        assert!(others.is_empty());
    }
}
