// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What may be written to engines' files in sysfs.

use virtio_igpu_rules::engine_properties::{mask_bit, EngineProperties, Limits, Property};
use virtio_igpu_rules::Errno;

const LIMITS: Limits = Limits {
    busywait_ns: 8_000_000,
    time_ms: 0xffff_fffc,
};

const ALL: [Property; 5] = [
    Property::MaxBusywait,
    Property::Timeslice,
    Property::StopTimeout,
    Property::PreemptTimeout,
    Property::Heartbeat,
];

#[test]
fn one_property_is_changed_within_its_limit() {
    let before = EngineProperties {
        max_busywait_duration_ns: 8000,
        timeslice_duration_ms: 1,
        stop_timeout_ms: 100,
        preempt_timeout_ms: 640,
        heartbeat_interval_ms: 2500,
    };
    for changed in ALL {
        let limit = if changed == Property::MaxBusywait {
            8_000_000
        } else {
            0xffff_fffc
        };
        for value in [0, 1, limit] {
            let text = value.to_string();
            let after = changed.change(&before, text.as_bytes(), &LIMITS).unwrap();
            for property in ALL {
                let expected = if property == changed {
                    value
                } else {
                    property.of(&before)
                };
                assert_eq!(property.of(&after), expected);
            }
        }
        for (text, error) in [
            ((limit + 1).to_string(), Errno::EINVAL),
            (u64::MAX.to_string(), Errno::EINVAL),
            ("18446744073709551616".to_owned(), Errno::ERANGE),
            ("-1".to_owned(), Errno::EINVAL),
        ] {
            let refused = changed.change(&before, text.as_bytes(), &LIMITS);
            assert_eq!(refused, Err(error), "{text}");
        }
    }
}

#[test]
fn engine_masks_are_by_the_hardwares_instances() {
    // vcs1 of Tiger Lake is the third the hardware could have.
    let bits = [(0, 0), (1, 0), (2, 0), (2, 2), (3, 0)].map(|(c, i)| mask_bit(c, i));
    assert_eq!(bits, [Some(0), Some(1), Some(10), Some(12), Some(18)]);
    assert_eq!(mask_bit(0, 1), None);
    assert_eq!(mask_bit(5, 0), None);
}
