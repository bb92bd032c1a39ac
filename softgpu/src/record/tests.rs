//! The format as bytes, and what becomes of files that are none.

use super::*;
use crate::gpu::{Bind, Extent};
use crate::ids::{AddressSpaceId, TimelineId};

fn encode(records: &[Record]) -> Vec<u8> {
    let mut file = Vec::new();
    write_beginning(&mut file).unwrap();
    for record in records {
        write_record(&mut file, record).unwrap();
    }
    file
}

fn start() -> Record {
    Record::Start(Start {
        platform: "tgl".to_owned(),
        eus: 16,
        strict: true,
        kernel_patience: 200,
        seed: Some(300),
    })
}

/// A change here is a new [`VERSION`].
#[test]
fn the_format_is_what_it_was() {
    let file = encode(&[
        start(),
        Record::Memory(vec![(0, 0x10_0000)]),
        Record::Call(Call::Bind(Bind {
            address_space: AddressSpaceId(1),
            va: 0x1000,
            length: 0x1000,
            extents: vec![Extent {
                address: 0x3000,
                length: 0x1000,
            }],
            read_only: false,
            null: false,
            waits: vec![Point {
                timeline: TimelineId(5),
                value: 6,
            }],
            signal: 1,
        })),
        Record::Write {
            address: 0x3000,
            data: vec![1, 2, 3],
        },
    ]);
    #[rustfmt::skip]
    let expected = [
        b"IGPUREC\n".as_slice(), &[2, 0, 0, 0],
        &[12, 0, 0, 0, 0, 3], b"tgl", &[16, 1, 0xc8, 0x01, 1, 0xac, 0x02],
        &[6, 0, 0, 0, 1, 1, 0, 0x80, 0x80, 0x40],
        &[18, 0, 0, 0, 3, 9, 1, 0x80, 0x20, 0x80, 0x20, 1, 0x80, 0x60, 0x80, 0x20, 0, 0, 1, 5, 6, 1],
        &[7, 0, 0, 0, 2, 0x80, 0x60, 3, 1, 2, 3],
    ]
    .concat();
    assert_eq!(file, expected);
}

#[test]
fn what_was_written_is_read() {
    let records = [start(), Record::Steps(5), Record::End { image: 7 }];
    let file = encode(&records);
    let mut reader = Reader::new(file.as_slice()).unwrap();
    for (number, record) in records.iter().enumerate() {
        let (at, read) = reader.read().unwrap().unwrap();
        assert_eq!((at, &read), (number as u64, record));
    }
    assert!(reader.read().unwrap().is_none());
    // A file may end anywhere; what is whole of it counts.
    for length in 12..file.len() {
        let mut reader = Reader::new(&file[..length]).unwrap();
        while reader.read().unwrap().is_some() {}
    }
}

#[test]
fn what_is_no_recording_is_refused() {
    use RecordingError as Error;
    let replay = |file: &[u8]| {
        let options = ReplayOptions {
            memory_limit: 1 << 20,
            ..ReplayOptions::default()
        };
        Replay::run(file, &options, |_| {}).unwrap_err()
    };
    assert!(matches!(replay(b""), Error::NotARecording));
    assert!(matches!(
        replay(b"IGPUREC\r\n\0\0\0\0\0"),
        Error::NotARecording
    ));
    let mut file = encode(&[start()]);
    file[8] = 9;
    assert!(matches!(replay(&file), Error::Version(9)));
    let file = encode(&[Record::Steps(1)]);
    assert!(matches!(replay(&file), Error::OutOfPlace { number: 0 }));
    let file = encode(&[start(), start()]);
    assert!(matches!(replay(&file), Error::OutOfPlace { number: 1 }));
    let Record::Start(mut odd) = start() else {
        unreachable!()
    };
    odd.eus = 17;
    let file = encode(&[Record::Start(odd)]);
    assert!(matches!(replay(&file), Error::NotSoManyEus(_)));
    let mut file = encode(&[start()]);
    file.extend([1, 0, 0, 0, 77]);
    assert!(matches!(replay(&file), Error::Damaged { number: 1 }));
    let mut file = encode(&[start()]);
    file.extend([0xff; 4]);
    assert!(matches!(replay(&file), Error::Damaged { number: 1 }));
    for ranges in [
        vec![(0, 2 << 20)],
        vec![(0, u64::MAX), (0, u64::MAX)],
        vec![(0, 0x1000), (0x800, 0x1000)],
    ] {
        let file = encode(&[start(), Record::Memory(ranges)]);
        assert!(matches!(replay(&file), Error::Memory(_)));
    }
    let write = Record::Write {
        address: 0,
        data: vec![1],
    };
    assert!(matches!(
        replay(&encode(&[start(), write])),
        Error::Memory(_)
    ));
}
