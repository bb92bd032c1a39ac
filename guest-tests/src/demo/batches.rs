//! The plan as batches for the GPU: six of them, on two engines, each with a timestamp
//! at its begin and at its end.

use super::Plan;
use super::plan::{Dot, Piece};
use crate::gpu::{Batch, Rectangle, Surface, Tail, Tiling};

/// The engines that the demo uses; the numbers are places in its context's map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The render engine: stores.
    Render = 0,
    /// The blitter: fills and copies.
    Blitter = 1,
}

/// One submission.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it draws.
    pub name: &'static str,
    /// Where it runs.
    pub engine: On,
    /// Its commands.
    pub commands: Vec<u32>,
    /// Commands of the 2D client or stores among them, not counting the timestamps.
    pub operations: usize,
}

/// GPU addresses of everything that the batches touch.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The picture, linear.
    pub picture: u64,
    /// The sheet, linear.
    pub sheet: u64,
    /// Room for an X-tiled copy of the picture.
    pub x_tiled: u64,
    /// Room for a Y-tiled copy of the picture.
    pub y_tiled: u64,
    /// Room for [`STAMP_BYTES`] of timestamps for each stage.
    pub stamps: u64,
}

/// Bytes of a stage's timestamps: at its begin and at its end.
pub const STAMP_BYTES: u64 = 16;

/// The sizes of the surfaces, in memory.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of a row of the picture.
    pub picture_pitch: u32,
    /// Bytes of a row of the sheet.
    pub sheet_pitch: u32,
    /// Bytes of the picture.
    pub picture: u64,
    /// Bytes of the sheet.
    pub sheet: u64,
    /// Bytes of the X-tiled copy.
    pub x_tiled: u64,
    /// Bytes of the Y-tiled copy.
    pub y_tiled: u64,
}

impl Sizes {
    /// The sizes that a plan needs.
    pub fn of(plan: &Plan) -> Self {
        let (width, height) = plan.picture;
        let picture_pitch = Tiling::Linear.pitch_for(width * 4);
        let sheet_pitch = Tiling::Linear.pitch_for(plan.sheet.0 * 4);
        let tiled = |tiling: Tiling| tiling.size_of(tiling.pitch_for(width * 4), height);
        Self {
            picture_pitch,
            sheet_pitch,
            picture: Tiling::Linear.size_of(picture_pitch, height),
            sheet: Tiling::Linear.size_of(sheet_pitch, plan.sheet.1),
            x_tiled: tiled(Tiling::X),
            y_tiled: tiled(Tiling::Y),
        }
    }
}

/// The batches, in the order in which they have to run.
pub fn stages(plan: &Plan, at: &Addresses) -> Vec<Stage> {
    let sizes = Sizes::of(plan);
    let sheet = Surface::linear(at.sheet, sizes.sheet_pitch);
    let picture = Surface::linear(at.picture, sizes.picture_pitch);
    let mut stages = Stages {
        list: Vec::new(),
        stamps: at.stamps,
    };

    stages.add(
        "background: bars and frames",
        On::Blitter,
        plan.background.len(),
        |batch| {
            for fill in &plan.background {
                batch.fill(sheet, fill.area, fill.color);
            }
        },
    );
    stages.add(
        "dots along the edge",
        On::Render,
        plan.dots.len(),
        |batch| {
            set(batch, sheet, &plan.dots);
        },
    );
    stages.add(
        "their echo; through X and Y tiles",
        On::Blitter,
        5,
        |batch| {
            batch.copy(sheet, plan.echo.area, sheet, plan.echo.x, plan.echo.y);
            through(
                batch,
                plan,
                picture,
                tiled(plan, Tiling::X, at.x_tiled),
                sheet,
                plan.through_x,
            );
            through(
                batch,
                plan,
                picture,
                tiled(plan, Tiling::Y, at.y_tiled),
                sheet,
                plan.through_y,
            );
        },
    );
    stages.add("mosaic", On::Blitter, plan.mosaic.len(), |batch| {
        for Piece { area, x, y } in &plan.mosaic {
            batch.copy(sheet, *area, picture, *x, *y);
        }
    });
    stages.add("waves", On::Blitter, plan.waves.len(), |batch| {
        for Piece { area, x, y } in &plan.waves {
            batch.source_copy(sheet, *area, picture, *x, *y);
        }
    });
    stages.add("seal", On::Render, plan.seal.len(), |batch| {
        set(batch, sheet, &plan.seal)
    });
    stages.list
}

/// The stages so far.
struct Stages {
    list: Vec<Stage>,
    stamps: u64,
}

impl Stages {
    fn add(
        &mut self,
        name: &'static str,
        engine: On,
        operations: usize,
        draw: impl FnOnce(&mut Batch),
    ) {
        let stamps = self.stamps + self.list.len() as u64 * STAMP_BYTES;
        let mut batch = Batch::new();
        stamp(&mut batch, engine, stamps);
        draw(&mut batch);
        stamp(&mut batch, engine, stamps + STAMP_BYTES / 2);
        self.list.push(Stage {
            name,
            engine,
            commands: batch.end(),
            operations,
        });
    }
}

/// Writes the engine's clock when all before is done.
fn stamp(batch: &mut Batch, engine: On, address: u64) {
    match engine {
        On::Render => batch.pipe_control(Tail::Timestamp(address)),
        On::Blitter => batch.flush(Tail::Timestamp(address)),
    };
}

fn set(batch: &mut Batch, sheet: Surface, dots: &[Dot]) {
    for dot in dots {
        let offset = u64::from(dot.y) * u64::from(sheet.pitch) + u64::from(dot.x) * 4;
        batch.store_u32(sheet.address + offset, dot.color);
    }
}

fn tiled(plan: &Plan, tiling: Tiling, address: u64) -> Surface {
    Surface {
        address,
        pitch: tiling.pitch_for(plan.picture.0 * 4),
        tiling,
    }
}

/// Copies the picture to another layout, flushes, and copies it from there to the sheet.
fn through(
    batch: &mut Batch,
    plan: &Plan,
    picture: Surface,
    by: Surface,
    sheet: Surface,
    area: Rectangle,
) {
    batch.copy(
        by,
        Rectangle::whole(plan.picture.0, plan.picture.1),
        picture,
        0,
        0,
    );
    batch.flush(Tail::None);
    batch.copy(sheet, area, by, 0, 0);
}
