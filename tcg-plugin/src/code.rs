// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the plugin has to know of an instruction: its bytes and its address say it.

/// A mark before its number: a nop of nine bytes.
const NOP: [u8; 5] = [0x66, 0x0f, 0x1f, 0x84, 0x00];
/// The upper half of a mark's operand. Compilers align with the same nop, its operand 0.
const MAGIC: u32 = 0x4967;

/// The number of a mark, if these bytes are one.
pub(crate) fn mark(bytes: &[u8]) -> Option<u32> {
    let operand = bytes.strip_prefix(&NOP)?;
    let operand = operand.try_into().ok().map(u32::from_le_bytes)?;
    (operand >> 16 == MAGIC).then_some(operand & 0xffff)
}

/// Whether code at this address is the kernel's: it has the upper half of all addresses.
pub(crate) fn of_kernel(address: u64) -> bool {
    address >> 63 == 1
}

/// Whether the instruction stores 16 bits of a register, as Linux does to notify a virtio
/// device: a prefix for the operand's size, perhaps one for the register, `mov r16 -> m16`.
/// Writes of that kind to plain memory are told apart when they are executed.
pub(crate) fn may_notify(bytes: &[u8]) -> bool {
    match bytes {
        [0x66, 0x89, ..] => true,
        [0x66, prefix, 0x89, ..] => prefix & 0xf0 == 0x40,
        _ => false,
    }
}

/// Whether a region of that name is one where virtio devices are notified.
pub(crate) fn is_notify_area(region: &[u8]) -> bool {
    region.starts_with(b"virtio-pci-notify")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_by_all_their_bytes() {
        let bytes = [0x66, 0x0f, 0x1f, 0x84, 0x00, 0x03, 0x80, 0x67, 0x49];
        assert_eq!(mark(&bytes), Some(0x8003));
        assert_eq!(mark(&bytes[..8]), None);
        // The nop that compilers align with.
        assert_eq!(mark(&[0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0]), None);
    }

    #[test]
    fn stores_of_16_bits_are_looked_at_and_no_others() {
        // mov %di,(%rsi); mov %r8w,(%rdx)
        assert!(may_notify(&[0x66, 0x89, 0x3e]));
        assert!(may_notify(&[0x66, 0x44, 0x89, 0x02]));
        // mov %edi,(%rsi); mov (%rsi),%di
        assert!(!may_notify(&[0x89, 0x3e]));
        assert!(!may_notify(&[0x66, 0x8b, 0x3e]));
        assert!(is_notify_area(b"virtio-pci-notify-virtio-gpu-gl"));
        assert!(!is_notify_area(b"pc.ram"));
        assert!(of_kernel(0xffff_ffff_8100_0000) && !of_kernel(0x40_1000));
    }
}
