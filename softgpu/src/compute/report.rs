//! A kernel's code as text, for whoever looks at a hang.

use eu::isa::{self, Targets};

use crate::completion::{KernelLine, KernelPlace};
use crate::view::View;

/// Instructions in front of the one that is looked for, and behind it.
const BEFORE: usize = 12;
const BEHIND: usize = 4;
/// Most bytes from the kernel's beginning on that are looked through for where instructions
/// begin.
const MOST: u32 = 1 << 16;

/// The instructions around a place.
pub(crate) fn code(view: &mut View<'_>, place: &KernelPlace) -> Vec<KernelLine> {
    // Where instructions begin is known from the kernel's beginning on.
    let start = match place.offset.checked_sub(place.kernel) {
        Some(0..=MOST) => place.kernel,
        _ => place.offset,
    };
    let position = place.offset - start;
    let length = position as usize + (BEHIND + 1) * isa::NATIVE as usize;
    let mut code = Vec::with_capacity(length);
    while code.len() < length {
        let mut piece = [0; isa::COMPACTED as usize];
        let at = place
            .base
            .wrapping_add(u64::from(start) + code.len() as u64);
        if view.read(at, &mut piece).is_err() {
            break;
        }
        code.extend(piece);
    }
    let lines: Vec<_> = isa::listing(&code).collect();
    let here = lines.partition_point(|line| line.position < position);
    lines
        .into_iter()
        .enumerate()
        .filter(|(number, _)| number + BEFORE >= here && *number <= here + BEHIND)
        .map(|(_, line)| KernelLine {
            address: place
                .base
                .wrapping_add(u64::from(start) + u64::from(line.position)),
            text: match &line.instruction {
                Ok(instruction) => isa::disassemble(instruction, Targets::Relative),
                Err(error) => error.to_string(),
            },
        })
        .collect()
}
