//! Raster operations and write masks: what becomes of a pixel.

/// One of the 256 ternary raster operations: bit `pattern*4 + source*2 + destination`
/// of the code is the result for these three bits.
pub(super) fn combine(code: u8, pattern: u8, source: u8, destination: u8) -> u8 {
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
        0xff => 0xff,
        _ => (0..8).fold(0, |result, term| {
            let pick = |value: u8, bit: u8| if term & bit != 0 { value } else { !value };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_its_truth_table() {
        for code in 0..=255_u8 {
            // Bit n of these three bytes runs through all combinations.
            let (pattern, source, destination) = (0xf0, 0xcc, 0xaa);
            assert_eq!(
                combine(code, pattern, source, destination),
                code,
                "{code:#x}"
            );
            let by_destination = (0..4).any(|i| code >> (i * 2) & 1 != code >> (i * 2 + 1) & 1);
            assert_eq!(needs_destination(code), by_destination, "{code:#x}");
        }
        assert!(needs_source(0xcc) && !needs_source(0xf0) && needs_source(0x88));
    }
}
