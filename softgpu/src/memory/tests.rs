//! What memory promises: bounds, byte order, and what it is made of.

use super::*;

fn two_regions() -> Memory {
    Memory::new(vec![
        Region::owned(0x10_000, 0x1000).unwrap(),
        Region::owned(0x1000, 0x2000).unwrap(),
    ])
    .unwrap()
}

#[test]
fn an_access_stays_inside_regions() {
    let memory = two_regions();
    assert!(memory.contains(0x1000, 0x2000));
    for (address, length) in [
        (0xfff, 1),
        (0xfff, 2),
        (0x2fff, 2),
        (0x3000, 1),
        (u64::MAX, 1),
        (0x1000, u64::MAX),
    ] {
        assert!(
            !memory.contains(address, length),
            "{address:#x}+{length:#x}"
        );
    }
    assert!(memory.read_u64(0x10_ff8).is_ok());
    assert!(memory.read_u64(0x10_ff9).is_err());
    assert!(memory.write(0x2ffe, &[1, 2, 3]).is_err());
    assert!(memory.copy(0x1000, 0x10_001, 0x1000).is_err());
    assert!(memory.fill(0, 4, 0).is_err());
}

/// Whether a range lies inside another, by numbers that cannot wrap.
fn lies_inside(base: u64, size: u64, address: u64, length: u64) -> bool {
    let [base, size, address, length] = [base, size, address, length].map(u128::from);
    base <= address && address + length <= base + size
}

/// The one place where bounds are decided, over all small numbers at both ends of all there
/// are.
#[test]
fn bounds_are_those_of_numbers_that_do_not_wrap() {
    let near = |at: u64| [at, 0_u64.wrapping_sub(at + 1)];
    let most = if cfg!(miri) { 3 } else { 9 };
    let some: Vec<u64> = (0..most).flat_map(near).collect();
    let mut inside = 0_u32;
    for &base in &some {
        for &size in &some {
            for &address in &some {
                for &length in &some {
                    let wanted = lies_inside(base, size, address, length);
                    let offset = within(base, size, address, length);
                    assert_eq!(offset, wanted.then(|| address - base));
                    inside += u32::from(wanted);
                    if base == 0 {
                        let [size, address, length] = [size, address, length].map(|n| n as usize);
                        assert_eq!(holds(size, address, length), wanted);
                    }
                }
            }
        }
    }
    assert_ne!(inside, 0);
}

proptest::proptest! {
    #[test]
    fn bounds_hold_for_any_numbers(
        base: u64,
        size: u64,
        offset: u64,
        length: u64,
        near in 0..4_u64,
    ) {
        // Anywhere, and close to the end.
        let end = size.wrapping_sub(length).wrapping_add(near);
        for offset in [offset, end, offset % size.max(1)] {
            let address = base.wrapping_add(offset);
            let left = size.wrapping_sub(offset);
            for length in [length, left, left.wrapping_add(1)] {
                let wanted = lies_inside(base, size, address, length);
                assert_eq!(within(base, size, address, length).is_some(), wanted);
                let wanted = lies_inside(0, size, offset, length);
                assert_eq!(holds(size as usize, offset as usize, length as usize), wanted);
            }
        }
    }
}

#[test]
fn patterns_come_round_and_stay_inside() {
    // The first lies in one region, the second goes from one to the next.
    let next = Memory::new(vec![
        Region::owned(0x1000, 0x800).unwrap(),
        Region::owned(0x1800, 0x1800).unwrap(),
    ])
    .unwrap();
    for memory in [two_regions(), next] {
        let long: Vec<u8> = (0..1500).map(|byte| (byte % 251) as u8).collect();
        for (pattern, length) in [(&[1, 2, 3][..], 2100), (&long, 4000), (&[7], 5), (&[], 9)] {
            memory.fill(0x1000, 0x1100, 0xee).unwrap();
            memory.fill_pattern(0x1001, length, pattern).unwrap();
            let mut out = vec![0; 0x1100];
            memory.read(0x1000, &mut out).unwrap();
            let expected = pattern.iter().cycle().take(length as usize);
            assert!(expected.zip(&out[1..]).all(|(pattern, out)| pattern == out));
            let end = if pattern.is_empty() {
                0
            } else {
                length as usize
            };
            let outside = out[..1].iter().chain(&out[1 + end..]);
            assert!(outside.copied().all(|byte| byte == 0xee));
        }
        assert!(memory.fill_pattern(0x2fff, 2, &[1]).is_err());
    }
}

#[test]
fn bad_regions_are_refused() {
    let overlap = vec![
        Region::owned(0, 0x2000).unwrap(),
        Region::owned(0x1000, 1).unwrap(),
    ];
    assert_eq!(
        Memory::new(overlap).unwrap_err(),
        MemoryError::BadRegion(0x1000)
    );
    let wrap = vec![Region::owned(u64::MAX, 2).unwrap()];
    assert_eq!(
        Memory::new(wrap).unwrap_err(),
        MemoryError::BadRegion(u64::MAX)
    );
    assert!(matches!(
        Region::owned(0, 0),
        Err(MemoryError::NoHostMemory(0))
    ));
}

#[test]
fn words_are_little_endian_at_any_alignment() {
    let memory = two_regions();
    for address in 0x1000..0x1008 {
        memory.write_u64(address, 0x0807_0605_0403_0201).unwrap();
        assert_eq!(memory.read_u64(address).unwrap(), 0x0807_0605_0403_0201);
        assert_eq!(memory.read_u32(address + 1).unwrap(), 0x0504_0302);
        assert_eq!(
            memory.update_u32(address, |old| old + 1).unwrap(),
            0x0403_0201
        );
        assert_eq!(
            memory.update_u64(address, |old| !old).unwrap(),
            0x0807_0605_0403_0202
        );
        let window = memory.window(address, 4).unwrap();
        assert_eq!(window.read_u32(0), Some(!0x0403_0202));
        assert_eq!(window.read_u32(1), None);
    }
}

#[test]
fn overlapping_copies_are_as_through_a_buffer() {
    let memory = two_regions();
    memory.write(0x1000, &[1, 2, 3, 4, 5]).unwrap();
    memory.copy(0x1000, 0x1002, 5).unwrap();
    let mut out = [0; 7];
    memory.read(0x1000, &mut out).unwrap();
    assert_eq!(out, [1, 2, 1, 2, 3, 4, 5]);
}

#[test]
fn updates_from_two_threads_are_not_lost() {
    let memory = two_regions();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    memory.update_u32(0x1000, |old| old + 1).unwrap();
                }
            });
        }
    });
    assert_eq!(memory.read_u32(0x1000).unwrap(), 2000);
}

/// Memory that closures stand for, and two regions of plain memory.
fn supplied() -> (Memory, Arc<std::sync::Mutex<Vec<u8>>>) {
    let bytes = Arc::new(std::sync::Mutex::new(vec![0; 0x3000]));
    let (reader, writer) = (Arc::clone(&bytes), Arc::clone(&bytes));
    let region = Region::from_fn(
        0x2000,
        0x3000,
        move |offset, out| {
            let at = offset as usize;
            out.copy_from_slice(&reader.lock().unwrap()[at..at + out.len()]);
        },
        move |offset, data| {
            let at = offset as usize;
            writer.lock().unwrap()[at..at + data.len()].copy_from_slice(data);
        },
    );
    let plain = |base, length| Region::owned(base, length).unwrap();
    let memory = Memory::new(vec![plain(0x1_0000, 0x2000), region, plain(0x5800, 0x1000)]);
    (memory.unwrap(), bytes)
}

#[test]
fn closures_stand_for_memory() {
    let (memory, bytes) = supplied();
    memory.write_u32(0x2ffe, 0x0403_0201).unwrap();
    assert_eq!(bytes.lock().unwrap()[0xffe..0x1002], [1, 2, 3, 4]);
    assert_eq!(
        memory.update_u64(0x2ffe, |old| old << 8).unwrap(),
        0x0403_0201
    );
    assert_eq!(memory.read_u32(0x3000).unwrap(), 0x0004_0302);
    memory.fill(0x2000, 0x2fff, 7).unwrap();
    assert_eq!(memory.read_u32(0x4ffc).unwrap(), 0x0007_0707);
    assert!(memory.contains(0x2000, 0x3000));
    for (address, length) in [(0x1fff, 2), (0x4fff, 2), (0x2000, 0x3001)] {
        assert!(!memory.contains(address, length));
        assert!(memory.fill(address, length, 0).is_err());
        assert!(memory.read(address, &mut vec![0; length as usize]).is_err());
    }
    assert!(memory.window(0x2000, 4).is_err());
}

#[test]
fn copies_to_and_from_closures_are_as_through_a_buffer() {
    let (memory, _) = supplied();
    let data: Vec<u8> = (0..0x2000).map(|number| (number % 251) as u8).collect();
    let read = |address| {
        let mut out = vec![0; data.len()];
        memory.read(address, &mut out).unwrap();
        out
    };
    memory.write(0x1_0000, &data).unwrap();
    memory.copy(0x1_0000, 0x2000, 0x2000).unwrap();
    assert_eq!(read(0x2000), data);
    memory.copy(0x2000, 0x2801, 0x2000).unwrap();
    assert_eq!(read(0x2801), data);
    memory.copy(0x2801, 0x2800, 0x2000).unwrap();
    assert_eq!(read(0x2800), data);
    assert!(memory.copy(0x2800, 0x1_0001, 0x2000).is_err());
}

#[test]
fn a_vector_comes_back_as_it_was_left() {
    let mut bytes = Vec::with_capacity(0x3000);
    bytes.resize(0x2000, 0);
    let memory = Memory::from_vec(0x4000, bytes).unwrap();
    let clone = memory.clone();
    memory.write_u32(0x5ffc, 0x0102_0304).unwrap();
    let memory = memory.into_bytes().unwrap_err();
    drop(clone);
    let (base, bytes) = memory.into_bytes().unwrap().remove(0);
    assert_eq!((base, bytes.len()), (0x4000, 0x2000));
    assert_eq!(bytes[0x1ffc..], [4, 3, 2, 1]);
    // What isn't asked back is freed.
    drop(Memory::from_vec(0, bytes).unwrap());
    assert!(Memory::from_vec(0, Vec::new()).is_err());
}

#[test]
fn an_access_crosses_from_one_region_to_the_next() {
    let plain = |base| Region::owned(base, 0x1000).unwrap();
    let memory = Memory::new(vec![plain(0x2000), plain(0x1000), plain(0x4000)]).unwrap();
    assert!(memory.contains(0x1000, 0x2000));
    assert!(!memory.contains(0x1000, 0x2001));
    memory.write_u64(0x1ffc, 0x1122_3344_5566_7788).unwrap();
    assert_eq!(memory.read_u32(0x2000).unwrap(), 0x1122_3344);
    assert_eq!(
        memory.update_u64(0x1ffc, |old| old + 1).unwrap(),
        0x1122_3344_5566_7788
    );
    memory.fill(0x1800, 0x1000, 3).unwrap();
    memory.copy(0x1800, 0x1801, 0x1000).unwrap();
    assert_eq!(memory.read_u32(0x2800).unwrap(), 3);
    assert!(memory.window(0x1ffc, 8).is_err());
    // Nothing is written if not all of it can be.
    assert!(memory.write(0x2ff8, &[9; 16]).is_err());
    assert_eq!(memory.read_u32(0x2ff8).unwrap(), 0);
}
