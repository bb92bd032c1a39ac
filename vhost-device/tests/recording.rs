// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a guest did, recorded and done again.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by where it fails"
)]

mod frontend;

use frontend::daemon::Daemon;
use frontend::gpu::{BATCH_END, store, submit};
use frontend::{Guest, OBJECTS};
use protocol::Status;
use softgpu::record::{Replay, ReplayOptions};
use virtio_igpu_protocol as protocol;

const BATCH: u64 = 0x10_0000;
const DATA: u64 = 0x20_0000;

#[test]
fn what_a_guest_did_is_recorded_and_replays_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording");
    let daemon = Daemon::start(&["--once", "--record", file.to_str().unwrap()]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    guest.bind_now(BATCH, OBJECTS, 0x1000, 1);
    guest.bind_now(DATA, OBJECTS + 0x1000, 0x1000, 2);
    for value in 1..=3 {
        let mut batch = store(DATA + value * 4, value as u32).to_vec();
        batch.push(BATCH_END);
        guest.write_dwords(OBJECTS, &batch);
        let ticket = guest.send_submit(&submit(1, 0, BATCH, &[], value));
        assert_eq!(guest.wait_status(ticket), Status::Ok);
    }
    drop(guest);
    let socket = daemon.socket();
    daemon.until(|| !socket.exists());
    let (status, said) = daemon.end();
    assert!(status.success() && said.is_empty(), "{said}");
    let recording = std::fs::read(&file).unwrap();
    let options = ReplayOptions::default();
    let replay = Replay::run(recording.as_slice(), &options, |_| {}).unwrap();
    assert!(replay.agrees() && replay.recorded_image.is_some());
    for value in 1..=3 {
        let stored = replay.memory.read_u32(OBJECTS + 0x1000 + value * 4);
        assert_eq!(u64::from(stored.unwrap()), value);
    }
}
