//! Raster operations: what becomes of a pixel.

/// One of the 256 ternary raster operations: bit `pattern*4 + source*2 + destination`
/// of the code is the result for these three bits.
#[inline]
pub(super) fn combine(code: u8, pattern: u32, source: u32, destination: u32) -> u32 {
    match code {
        0x00 => 0,
        0x55 => !destination,
        0x5a => pattern ^ destination,
        0x66 => source ^ destination,
        0x88 => source & destination,
        0xaa => destination,
        0xcc => source,
        0xee => source | destination,
        0xf0 => pattern,
        0xff => u32::MAX,
        _ => (0..8).fold(0, |result, term| {
            let pick = |value: u32, bit: u8| if term & bit != 0 { value } else { !value };
            let hit = pick(pattern, 4) & pick(source, 2) & pick(destination, 1);
            if code & (1 << term) != 0 {
                result | hit
            } else {
                result
            }
        }),
    }
}

/// Whether the result hangs on what the destination holds.
pub(super) fn needs_destination(code: u8) -> bool {
    (code ^ (code >> 1)) & 0x55 != 0
}

/// Whether the result hangs on the source.
pub(super) fn needs_source(code: u8) -> bool {
    (code ^ (code >> 2)) & 0x33 != 0
}

/// Whether the result hangs on the pattern.
pub(super) fn needs_pattern(code: u8) -> bool {
    (code ^ (code >> 4)) & 0x0f != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_its_truth_table() {
        for code in 0..=255_u8 {
            // Bit n of these three bytes runs through all combinations.
            let (pattern, source, destination) = (0xf0, 0xcc, 0xaa);
            assert_eq!(
                combine(code, pattern, source, destination) as u8,
                code,
                "{code:#x}"
            );
            let hangs_on = |bit: u8| (0..8).any(|i| code >> i & 1 != code >> (i ^ bit) & 1);
            assert_eq!(needs_destination(code), hangs_on(1), "{code:#x}");
            assert_eq!(needs_source(code), hangs_on(2), "{code:#x}");
            assert_eq!(needs_pattern(code), hangs_on(4), "{code:#x}");
        }
    }
}
