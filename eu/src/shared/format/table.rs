//! The formats by their codes in surface states.

use super::block::Block;
use super::{Component, Format, Number, Packing};
use Number::{Float, Sint, Snorm, Srgb, Uint, Unorm};

impl Format {
    /// The format of a code, if it is modelled.
    pub(in crate::shared) fn of(code: u16) -> Option<Self> {
        Some(match code {
            0x000 => plain(4, 32, Float),
            0x001 => plain(4, 32, Sint),
            0x002 => plain(4, 32, Uint),
            0x006 => without_alpha(plain(4, 32, Float)),
            0x040 => plain(3, 32, Float),
            0x041 => plain(3, 32, Sint),
            0x042 => plain(3, 32, Uint),
            0x080 => plain(4, 16, Unorm),
            0x081 => plain(4, 16, Snorm),
            0x082 => plain(4, 16, Sint),
            0x083 => plain(4, 16, Uint),
            0x084 => plain(4, 16, Float),
            0x085 => plain(2, 32, Float),
            0x086 => plain(2, 32, Sint),
            0x087 => plain(2, 32, Uint),
            0x08e => without_alpha(plain(4, 16, Unorm)),
            0x08f => without_alpha(plain(4, 16, Float)),
            0x0c0 => blue_first(plain(4, 8, Unorm)),
            0x0c1 => blue_first(srgb(plain(4, 8, Unorm))),
            0x0c2 => packed([10, 10, 10, 2], Unorm),
            0x0c4 => packed([10, 10, 10, 2], Uint),
            0x0c7 => plain(4, 8, Unorm),
            0x0c8 => srgb(plain(4, 8, Unorm)),
            0x0c9 => plain(4, 8, Snorm),
            0x0ca => plain(4, 8, Sint),
            0x0cb => plain(4, 8, Uint),
            0x0cc => plain(2, 16, Unorm),
            0x0cd => plain(2, 16, Snorm),
            0x0ce => plain(2, 16, Sint),
            0x0cf => plain(2, 16, Uint),
            0x0d0 => plain(2, 16, Float),
            0x0d1 => blue_first(packed([10, 10, 10, 2], Unorm)),
            0x0d3 => packed([11, 11, 10, 0], Float),
            0x0d6 => plain(1, 32, Sint),
            0x0d7 => plain(1, 32, Uint),
            0x0d8 => plain(1, 32, Float),
            0x0d9 => Format {
                bytes: 4,
                ..packed([24, 0, 0, 0], Unorm)
            },
            0x0df => luminance_alpha(plain(2, 16, Unorm)),
            0x0e3 => intensity(plain(1, 32, Float)),
            0x0e4 => luminance(plain(1, 32, Float)),
            0x0e5 => alpha(plain(1, 32, Float)),
            0x0e9 => without_alpha(blue_first(plain(4, 8, Unorm))),
            0x0ea => without_alpha(blue_first(srgb(plain(4, 8, Unorm)))),
            0x0eb => without_alpha(plain(4, 8, Unorm)),
            0x0ec => without_alpha(srgb(plain(4, 8, Unorm))),
            0x0ed => Format {
                packing: Packing::SharedExponent,
                ..packed([9, 9, 9, 0], Unorm)
            },
            0x0f0 => luminance_alpha(plain(2, 16, Float)),
            0x100 => blue_first(packed([5, 6, 5, 0], Unorm)),
            0x102 => blue_first(packed([5, 5, 5, 1], Unorm)),
            0x104 => blue_first(packed([4, 4, 4, 4], Unorm)),
            0x106 => plain(2, 8, Unorm),
            0x107 => plain(2, 8, Snorm),
            0x108 => plain(2, 8, Sint),
            0x109 => plain(2, 8, Uint),
            0x10a => plain(1, 16, Unorm),
            0x10b => plain(1, 16, Snorm),
            0x10c => plain(1, 16, Sint),
            0x10d => plain(1, 16, Uint),
            0x10e => plain(1, 16, Float),
            0x111 => intensity(plain(1, 16, Unorm)),
            0x112 => luminance(plain(1, 16, Unorm)),
            0x113 => alpha(plain(1, 16, Unorm)),
            0x114 => luminance_alpha(plain(2, 8, Unorm)),
            0x115 => intensity(plain(1, 16, Float)),
            0x116 => luminance(plain(1, 16, Float)),
            0x117 => alpha(plain(1, 16, Float)),
            0x11a => without_alpha(blue_first(packed([5, 5, 5, 1], Unorm))),
            0x140 => plain(1, 8, Unorm),
            0x141 => plain(1, 8, Snorm),
            0x142 => plain(1, 8, Sint),
            0x143 => plain(1, 8, Uint),
            0x144 => alpha(plain(1, 8, Unorm)),
            0x145 => intensity(plain(1, 8, Unorm)),
            0x146 => luminance(plain(1, 8, Unorm)),
            0x180 => compressed(Block::Bc1, without_alpha(srgb(plain(4, 8, Unorm)))),
            0x186 => compressed(Block::Bc1, plain(4, 8, Unorm)),
            0x187 => compressed(Block::Bc2, plain(4, 8, Unorm)),
            0x188 => compressed(Block::Bc3, plain(4, 8, Unorm)),
            0x189 => compressed(Block::Bc4 { signed: false }, plain(1, 32, Float)),
            0x18a => compressed(Block::Bc5 { signed: false }, plain(2, 32, Float)),
            0x18b => compressed(Block::Bc1, srgb(plain(4, 8, Unorm))),
            0x18c => compressed(Block::Bc2, srgb(plain(4, 8, Unorm))),
            0x18d => compressed(Block::Bc3, srgb(plain(4, 8, Unorm))),
            0x191 => compressed(Block::Bc1, without_alpha(plain(4, 8, Unorm))),
            0x199 => compressed(Block::Bc4 { signed: true }, plain(1, 32, Float)),
            0x19a => compressed(Block::Bc5 { signed: true }, plain(2, 32, Float)),
            0x1a1 => compressed(Block::Bc6 { signed: true }, plain(3, 32, Float)),
            0x1a2 => compressed(Block::Bc7, plain(4, 8, Unorm)),
            0x1a3 => compressed(Block::Bc7, srgb(plain(4, 8, Unorm))),
            0x1a4 => compressed(Block::Bc6 { signed: false }, plain(3, 32, Float)),
            _ => return None,
        })
    }
}

/// So many components of so many bits each.
fn plain(count: u8, bits: u8, number: Number) -> Format {
    let mut all = [0; 4];
    all[..usize::from(count)].fill(bits);
    packed(all, number)
}

/// Components of these many bits, red lowest.
fn packed(bits: [u8; 4], number: Number) -> Format {
    let mut shift = 0;
    let components = bits.map(|bits| {
        let component = Component {
            shift,
            bits,
            number,
        };
        shift += bits;
        (bits > 0).then_some(component)
    });
    Format {
        bytes: shift.div_ceil(8),
        packing: Packing::Apart,
        components,
        integer: matches!(number, Uint | Sint),
    }
}

/// The same with red and blue in each other's place: blue lowest.
fn blue_first(format: Format) -> Format {
    let mut shift = 0;
    let [red, green, blue, alpha] = format.components;
    let order = [blue, green, red, alpha].map(|component| {
        component.map(|component| {
            let moved = Component { shift, ..component };
            shift += component.bits;
            moved
        })
    });
    Format {
        components: [order[2], order[1], order[0], order[3]],
        ..format
    }
}

/// Colours on the curve of sRGB, alpha not.
fn srgb(format: Format) -> Format {
    let [red, green, blue, alpha] = format.components;
    let curved = |component: Option<Component>| {
        component.map(|component| Component {
            number: Srgb,
            ..component
        })
    };
    Format {
        components: [curved(red), curved(green), curved(blue), alpha],
        ..format
    }
}

/// Texels in blocks, which are decoded to these components.
fn compressed(block: Block, decoded: Format) -> Format {
    Format {
        bytes: block.bytes(),
        packing: Packing::Block(block),
        ..decoded
    }
}

fn without_alpha(format: Format) -> Format {
    let [red, green, blue, _] = format.components;
    Format {
        components: [red, green, blue, None],
        ..format
    }
}

/// One component that is alpha.
fn alpha(format: Format) -> Format {
    Format {
        components: [None, None, None, format.components[0]],
        ..format
    }
}

/// One component for the colours.
fn luminance(format: Format) -> Format {
    let it = format.components[0];
    Format {
        components: [it, it, it, None],
        ..format
    }
}

/// One component for the colours, one for alpha.
fn luminance_alpha(format: Format) -> Format {
    let [it, alpha, ..] = format.components;
    Format {
        components: [it, it, it, alpha],
        ..format
    }
}

/// One component for all.
fn intensity(format: Format) -> Format {
    Format {
        components: [format.components[0]; 4],
        ..format
    }
}
