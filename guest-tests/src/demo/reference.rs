//! The sheet as the CPU draws it, pixel by pixel, to compare the GPU's with.

use super::plan::{Dot, Fill, Piece};
use super::{Picture, Plan};
use crate::gpu::Rectangle;

/// Draws the plan.
pub fn draw(plan: &Plan, picture: &Picture) -> Picture {
    let mut sheet = Picture::filled(plan.sheet.0, plan.sheet.1, 0);
    for Fill { area, color } in &plan.background {
        each(*area, |x, y| sheet.set(x, y, *color));
    }
    set(&mut sheet, &plan.dots);
    let before = sheet.clone();
    let echo = &plan.echo;
    each(echo.area, |x, y| {
        let color = before.at(echo.x + x - echo.area.x, echo.y + y - echo.area.y);
        sheet.set(x, y, color);
    });
    // Tiling is about how pixels lie in memory: copied there and back, nothing changes.
    for area in [plan.through_x, plan.through_y] {
        put(&mut sheet, picture, &Piece { area, x: 0, y: 0 });
    }
    for piece in plan.mosaic.iter().chain(&plan.waves) {
        put(&mut sheet, picture, piece);
    }
    set(&mut sheet, &plan.seal);
    sheet
}

fn put(sheet: &mut Picture, picture: &Picture, piece: &Piece) {
    let area = piece.area;
    each(area, |x, y| {
        sheet.set(x, y, picture.at(piece.x + x - area.x, piece.y + y - area.y));
    });
}

fn set(sheet: &mut Picture, dots: &[Dot]) {
    for dot in dots {
        sheet.set(dot.x, dot.y, dot.color);
    }
}

/// Calls `of` for every pixel of the area.
fn each(area: Rectangle, mut of: impl FnMut(u32, u32)) {
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            of(x, y);
        }
    }
}
