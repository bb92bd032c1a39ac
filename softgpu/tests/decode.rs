//! What `igpu-decode` promises on its command line.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn decode(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_igpu-decode"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may refuse its arguments before it reads anything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn text_and_binary_batches_are_printed_alike() {
    let dwords = [0x1000_0002_u32, 0x1000, 0, 42, 0x0500_0000, 0xdead_beef];
    let binary: Vec<u8> = dwords
        .iter()
        .flat_map(|dword| dword.to_le_bytes())
        .collect();
    let hex = "10000002 0x1000,0\n2a 05000000 deadbeef";
    let printed = text(&decode(&["--address", "0x100"], hex.as_bytes()).stdout);
    assert_eq!(
        printed,
        text(&decode(&["--address", "100"], &binary).stdout)
    );
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}");
    assert!(lines[0].contains("MI_STORE_DATA_IMM, address 0x1000, data 0000002a"));
    assert!(lines[1].starts_with("0x000000000110"));
    let all = text(&decode(&["--all"], &binary).stdout);
    assert!(all.contains("unknown command"), "{all}");
}

#[test]
fn a_part_of_a_dump_is_printed_with_its_dwords() {
    let dump = "0x1000: 10000002 1000 # a store\n0x1008: 0 2a\n0x1010: 05000000 0 0\n";
    let arguments = [
        "--address",
        "0x1000",
        "--offset",
        "0x10",
        "--all",
        "--dwords",
    ];
    let printed = text(&decode(&arguments, dump.as_bytes()).stdout);
    let lines: Vec<_> = printed.lines().collect();
    assert!(
        lines[0].starts_with("0x000000001010: 05000000  MI_BATCH_BUFFER_END"),
        "{printed}"
    );
    assert_eq!(lines[1].trim(), "05000000");
    assert_eq!(lines.len(), 6, "two no-ops follow: {printed}");
}

#[test]
fn the_commands_of_an_engine_are_listed() {
    let on = |engine| text(&decode(&["--commands", "--engine", engine], b"").stdout);
    let (render, copy) = (on("rcs"), on("bcs"));
    let line = |all: &str, name: &str| {
        all.lines()
            .find(|line| line.contains(name))
            .map(str::to_owned)
    };
    let store = line(&copy, " MI_STORE_DATA_IMM ").unwrap();
    assert!(store.starts_with("10000000  4..1025"), "{store}");
    assert!(store.contains("executed, privileged with the global address space"));
    assert!(
        line(&copy, "MI_UPDATE_GTT")
            .unwrap()
            .ends_with("privileged: no effect")
    );
    assert!(line(&render, "GPGPU_WALKER").unwrap().ends_with("executed"));
    assert!(
        line(&render, "3DPRIMITIVE")
            .unwrap()
            .ends_with("no such unit")
    );
    assert_eq!(line(&copy, "GPGPU_WALKER"), None);
    assert!(line(&copy, "XY_FAST_COPY_BLT").is_some());
}

#[test]
fn the_engine_decides_what_a_dword_means() {
    let input = b"71050060";
    let on = |engine| text(&decode(&["--engine", engine], input).stdout);
    assert!(on("rcs").contains("GPGPU_WALKER"));
    assert!(on("vcs").contains("MFX_AVC_WEIGHTOFFSET_STATE"));
    assert!(on("bcs").contains("unknown"));
}

/// As the assembler writes it: a kernel by itself, and where a batch names it.
#[test]
fn kernels_are_listed() {
    let listings = concat!(env!("CARGO_MANIFEST_DIR"), "/../eu/tests/listings");
    let code = format!("{listings}/opencl_add.bin");
    let listing = std::fs::read_to_string(format!("{listings}/opencl_add.asm")).unwrap();
    assert_eq!(text(&decode(&["--kernel", &code], b"").stdout), listing);
    // Bases 0x10000 and 0x40000; a descriptor at 0x10020, whose kernel is 0x40 behind its base.
    let batch = "61010014 0 0 0 0 0 10001 0 0 0 40001 0 0 0 0 0 0 0 0 0 0 0 \
                 70020002 0 20 20 05000000";
    let descriptor = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interface_descriptor");
    let mut bytes = [0; 32];
    bytes[0] = 0x40;
    std::fs::write(&descriptor, bytes).unwrap();
    let memory = [
        format!("10020={}", descriptor.display()),
        format!("40040={code}"),
    ];
    let arguments = ["--memory", &memory[0], "--memory", &memory[1]];
    let printed = text(&decode(&arguments, batch.as_bytes()).stdout);
    assert!(printed.contains("# kernel at 0x40040"), "{printed}");
    for line in listing.lines() {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    assert!(printed.contains("MI_BATCH_BUFFER_END"), "{printed}");
    let bases = ["--dynamic-base", "10000", "--instruction-base", "40000"];
    let alone = [&bases[..], &arguments].concat();
    let printed = text(&decode(&alone, b"70020002 0 20 20").stdout);
    assert!(printed.contains("# kernel at 0x40040"), "{printed}");
}

#[test]
fn bad_input_is_one_sentence_and_a_failure() {
    for (arguments, input) in [
        (&["--format", "hex"][..], &b"1000 zz"[..]),
        (&["--format", "binary"], b"abc"),
        (&["/nonexistent/batch"], b""),
        (&[], b""),
        (&["--offset", "2"], b"0 0"),
        (&["--offset", "8"], b"0 0"),
        (&["--memory", "0=/nonexistent/memory"], b"0 0"),
    ] {
        let output = decode(arguments, input);
        assert!(!output.status.success());
        let error = text(&output.stderr);
        assert!(
            error.starts_with("igpu-decode: ") && error.lines().count() == 1,
            "{error}"
        );
    }
}
