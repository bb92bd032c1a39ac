// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The trace that the daemon writes of a guest's commands.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use frontend::daemon::Daemon;
use frontend::gpu::{BATCH_END, create_address_space, submit};
use frontend::{Guest, OBJECTS};
use protocol::Status;
use serde_json::Value;
use virtio_igpu_protocol as protocol;

const BATCH: u64 = 0x10_0000;

#[test]
fn each_command_is_traced_from_its_taking_to_its_reply() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.json");
    let daemon = Daemon::start(&["--once", "--trace", file.to_str().unwrap()]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    assert_eq!(guest.status(&create_address_space(1, 9)), Status::Exists);
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.write_dwords(OBJECTS, &[BATCH_END]);
    for value in 1..=3 {
        let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], value));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    drop(guest);
    let (status, said) = daemon.end();
    assert!(status.success() && said.is_empty(), "{said}");
    let text = std::fs::read_to_string(&file).unwrap();
    let trace: Vec<Value> = serde_json::from_str(&text).unwrap();
    let named = |name: &str| -> Vec<&Value> {
        let of = |event: &&Value| event["name"] == name && event["ph"] != "M";
        trace.iter().filter(of).collect()
    };
    assert_eq!(named("create_address_space").len(), 2);
    assert_eq!((named("bind").len(), named("submit").len()), (1, 3));
    assert!(!named("doorbell").is_empty() && !named("interrupt").is_empty());
    let replies = named("reply");
    assert_eq!(replies.len(), 4);
    for (reply, value) in replies[1..].iter().zip(1..) {
        let args = &reply["args"];
        assert_eq!((&args["context"], &args["slot"]), (&1.into(), &0.into()));
        assert_eq!(
            (&args["value"], &args["ending"]),
            (&value.into(), &"done".into())
        );
        let stages = ["taken", "accepted", "used"].map(|stage| args[stage].as_f64().unwrap());
        assert!(stages.is_sorted(), "{reply}");
        assert!(
            args["reported"].as_f64() <= args["used"].as_f64(),
            "{reply}"
        );
        // An arrow leads from where it was taken to where it is replied to.
        let flow = &args["flow"];
        let arrows = trace.iter().filter(|event| event["id"] == *flow);
        let phases: Vec<_> = arrows.map(|event| event["ph"].as_str().unwrap()).collect();
        assert!(
            phases.first() == Some(&"s") && phases.last() == Some(&"f"),
            "{phases:?}"
        );
    }
    assert_eq!(trace.last().unwrap()["args"]["dropped"], 0);
}

#[test]
fn a_trace_that_cannot_be_written_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let output = std::process::Command::new(frontend::daemon::PROGRAM)
        .arg("--socket-path")
        .arg(&socket)
        .args(["--trace", "/nowhere/at/all"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("the trace can't be written") && said.lines().count() == 1,
        "{said}"
    );
    assert!(!socket.exists());
}
