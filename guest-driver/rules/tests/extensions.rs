// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Chains of extensions (`i915_user_extensions.c:i915_user_extensions`).

mod common;

use common::{Bytes, Userspace};
use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::extensions::{for_each_link, MAX_LINKS};

/// Links at 0x1000, 0x2000, ... named 0, 1, ... of which the last leads to `end`.
fn chain(links: u32, end: u64) -> Userspace {
    let mut memory = Userspace::default();
    for link in 0..links {
        let address = 0x1000 * u64::from(link + 1);
        let next = if link + 1 == links {
            end
        } else {
            address + 0x1000
        };
        memory.put(address, Bytes::default().link(next, link, None).0);
    }
    memory
}

fn walk(memory: &Userspace, first: u64) -> (Vec<(u32, u64)>, Result<(), Errno>) {
    let mut seen = vec![];
    let result = for_each_link(memory, first, |name, address| {
        seen.push((name, address));
        Ok(())
    });
    (seen, result)
}

#[test]
fn links_are_applied_in_their_order() {
    assert_eq!(walk(&Userspace::default(), 0), (vec![], Ok(())));
    let expected = vec![(0, 0x1000), (1, 0x2000), (2, 0x3000)];
    assert_eq!(walk(&chain(3, 0), 0x1000), (expected, Ok(())));
}

#[test]
fn the_513th_link_is_e2big_before_it_is_read() {
    assert_eq!(MAX_LINKS, 512);
    assert_eq!(walk(&chain(512, 0), 0x1000).1, Ok(()));
    for end in [0x1000, 0xdead] {
        let (seen, result) = walk(&chain(512, end), 0x1000);
        assert_eq!((seen.len(), result), (512, Err(Errno::E2BIG)));
    }
    let (seen, result) = walk(&chain(1, 0x1000), 0x1000);
    assert_eq!((seen.len(), result), (512, Err(Errno::E2BIG)));
}

#[test]
fn an_error_ends_the_walk() {
    let mut seen = 0;
    let result = for_each_link(&chain(3, 0), 0x1000, |name, _| {
        seen += 1;
        match name {
            1 => Err(Errno::ENODEV),
            _ => Ok(()),
        }
    });
    assert_eq!((seen, result), (2, Err(Errno::ENODEV)));
}

#[test]
fn reserved_words_are_judged_before_the_name_is_read() {
    for word in 0..5 {
        let mut memory = Userspace::default();
        memory.put(0x1000, Bytes::default().link(0, 7, Some(word)).0);
        // The name and where the chain goes on.
        for hole in [0..0, 0x1000..0x100c] {
            memory.set_hole(hole);
            assert_eq!(walk(&memory, 0x1000), (vec![], Err(Errno::EINVAL)));
        }
    }
}

#[test]
fn the_next_address_is_read_when_the_link_has_been_applied() {
    let mut memory = chain(2, 0);
    for byte in 0x1000..0x1008 {
        memory.set_hole(byte..byte + 1);
        let expected = vec![(0, 0x1000)];
        assert_eq!(walk(&memory, 0x1000), (expected, Err(Errno::EFAULT)));
    }
    for byte in 0x1008..0x1020 {
        memory.set_hole(byte..byte + 1);
        assert_eq!(walk(&memory, 0x1000), (vec![], Err(Errno::EFAULT)));
    }
    assert_eq!(walk(&memory, u64::MAX - 3), (vec![], Err(Errno::EFAULT)));
}
