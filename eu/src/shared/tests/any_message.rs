//! Whatever a thread sends, it gets an answer or a trap.

use super::Setup;
use crate::isa::SharedFunction;
use crate::shared::operation::Operation;
use crate::shared::{Request, Sender};
use proptest::prelude::*;

const FUNCTIONS: [SharedFunction; 7] = [
    SharedFunction::DataPort0,
    SharedFunction::DataPort1,
    SharedFunction::ConstantCache,
    SharedFunction::Sampler,
    SharedFunction::RenderCache,
    SharedFunction::Gateway,
    SharedFunction::ThreadSpawner,
];

/// Dwords as they are likely to hit something, or any.
fn value() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), 0..0x100u32, Just(0x2_0000), Just(u32::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// No message panics: any descriptor, payload, mask and surface state, and lengths that
    /// contradict the descriptor.
    #[test]
    fn no_message_panics(
        function in 0..FUNCTIONS.len(),
        low in any::<u32>(),
        index in prop_oneof![Just(0u32), Just(252), Just(254), Just(255), 0..256u32],
        extended in prop_oneof![Just(0u32), any::<u32>()],
        mask in any::<u32>(),
        exec in 0..6u32,
        first in 0..16usize,
        second in 0..16usize,
        answer in 0..32usize,
        payload in proptest::collection::vec(value(), 32),
        state in proptest::array::uniform16(value()),
        kind in 0..8u32,
        sampler in proptest::array::uniform4(value()),
        local in any::<bool>(),
    ) {
        let strict = local;
        let mut setup = Setup::new(strict);
        let mut bytes = [0; 64];
        for (bytes, dword) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
            *bytes = dword.to_le_bytes();
        }
        bytes[3] = bytes[3] & 0x1f | (kind as u8) << 5;
        setup.bind(0, &bytes);
        for number in 0..16 {
            setup.sampler(number, sampler, sampler);
        }
        if local {
            setup.local = crate::shared::LocalMemory::new(1000, true);
        }
        let registers: Vec<[u8; 32]> = (0..16)
            .map(|register: usize| std::array::from_fn(|byte| {
                payload[(register * 5 + byte / 4) % payload.len()].to_le_bytes()[byte % 4]
            }))
            .collect();
        let descriptor = low & !0xff | index;
        let Ok(operation) = Operation::decode(FUNCTIONS[function], descriptor) else {
            return Ok(());
        };
        let request = Request {
            operation: &operation,
            descriptor,
            extended,
            exec_size: 1 << exec,
            mask,
            first: &registers[..first],
            second: &registers[16 - second..],
        };
        let mut answer = vec![[0; 32]; answer];
        let sender = Sender { thread: 70_000 };
        let _ = setup.functions.send(sender, &request, &mut setup.local, &mut answer);
    }
}
