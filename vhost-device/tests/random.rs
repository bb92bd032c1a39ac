// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Commands at random, seeded: whatever comes, the daemon goes on.

mod frontend;

use frontend::Guest;
use frontend::daemon::Daemon;
use frontend::samples::{a_bind, each_command};
use protocol::{Queue, Status};
use virtio_igpu_protocol as protocol;

const BIG: u32 = 1024;

#[test]
fn random_bytes_do_no_harm() {
    let daemon = Daemon::start(&[]);
    let mut guest = Guest::connect(&daemon.socket());
    guest.set_up();
    let mut seed = 0x1234_5678_9abc_def0_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let commands = each_command();
    for _ in 0..3000 {
        // A good command with a few bytes changed, or noise.
        let (queue, mut bytes) = commands[random() as usize % commands.len()].clone();
        if random() % 8 == 0 {
            bytes = (0..random() % 200).map(|_| random() as u8).collect();
        }
        for _ in 0..random() % 4 {
            if !bytes.is_empty() {
                let at = random() as usize % bytes.len();
                bytes[at] = [0, 1, 2, 0x7f, 0xff, random() as u8][random() as usize % 6];
            }
        }
        // What is accepted may wait for what never comes: nobody waits for it here.
        let ticket = guest.send(queue, &bytes, BIG);
        if queue == Queue::Control {
            guest.wait(ticket);
        } else if random() % 16 == 0 {
            guest.status(&protocol::ResetActive::default());
        }
        if guest.try_wait(ticket, std::time::Duration::ZERO).is_none() && queue != Queue::Control {
            // Free the ring now and then of what waits for ever.
            guest.stop_queues();
            guest.start_queues();
            guest.set_up();
        }
    }
    guest.stop_queues();
    guest.start_queues();
    guest.set_up();
    let ticket = guest.send_bind(&a_bind());
    assert_eq!(guest.wait_status(ticket), Status::Ok);
}
