//! The demo's batches on the software GPU as a library: no guest, no driver, strict mode
//! (an access to an address where nothing is mapped is a hang). What comes out must be
//! the sheet that the CPU draws.

#![allow(
    clippy::unwrap_used,
    reason = "the unwrap that fails says what went wrong"
)]

use std::sync::{Arc, mpsc};
use std::time::Duration;

use softgpu::{
    AddressSpaceId, Bind, Completion, CompletionSink, ContextDescription, ContextId, EngineClass,
    EngineSlot, Extent, Gpu, GpuConfig, HangReport, Memory, Outcome, Platform, Point, Submission,
    TimelineId, Wait,
};
use virtio_igpu_guest_tests::demo::batches::{self, Addresses, On, STAMP_BYTES, Sizes};
use virtio_igpu_guest_tests::demo::{Picture, Plan, reference};
use virtio_igpu_guest_tests::gpu::canonical;

const AT: Addresses = Addresses {
    picture: 0x1_2340_0000,
    sheet: 0x3fff_8000_0000,
    x_tiled: canonical(0x8000_0000_0000),
    y_tiled: canonical(0xfedc_ba98_0000),
    stamps: 0x1_0000,
};
const BATCHES: u64 = 0x1000_0000_0000;
const SPACE: AddressSpaceId = AddressSpaceId(1);
const BINDS: TimelineId = TimelineId(1);
const RENDER: TimelineId = TimelineId(2);
const BLITTER: TimelineId = TimelineId(3);

struct Sink(mpsc::Sender<Completion>);

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        // The test has ended if nobody listens.
        let _ = self.0.send(completion);
    }

    fn hung(&self, report: HangReport) {
        eprintln!("{report}");
    }
}

/// A picture in which no two pixels near each other are the same.
fn picture(width: u32, height: u32) -> Picture {
    let mut picture = Picture::filled(width, height, 0);
    for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
        let color = x
            .wrapping_mul(0x0101_3779)
            .wrapping_add(y.wrapping_mul(0x0079_b9f1));
        picture.set(x, y, color ^ 0x00ff_ff00);
    }
    picture
}

/// Memory in which surfaces and batches lie one after the other.
struct Layout {
    memory: Memory,
    end: u64,
    binds: u64,
}

impl Layout {
    /// Binds room for so many bytes at a GPU address; returns where the room is.
    fn bind(&mut self, gpu: &Gpu, va: u64, size: u64) -> u64 {
        let (address, length) = (self.end, size.next_multiple_of(4096));
        self.end += length;
        self.binds += 1;
        gpu.bind(Bind {
            address_space: SPACE,
            va,
            length,
            extents: vec![Extent { address, length }],
            read_only: false,
            null: false,
            waits: vec![],
            signal: self.binds,
        })
        .unwrap();
        address
    }

    fn write(&self, address: u64, bytes: &[u8]) {
        self.memory.write(address, bytes).unwrap();
    }
}

fn draw_and_compare(width: u32, height: u32) {
    let picture = picture(width, height);
    let plan = Plan::new(width, height).unwrap();
    let sizes = Sizes::of(&plan);
    let stages = batches::stages(&plan, &AT);

    let memory = Memory::owned(0, 32 << 20).unwrap();
    let (sender, completions) = mpsc::channel();
    let gpu = Gpu::new(GpuConfig {
        strict: true,
        ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::new(Sink(sender)))
    })
    .unwrap();
    gpu.create_address_space(SPACE, BINDS).unwrap();
    let slot = |class, timeline| EngineSlot {
        class,
        instances: 1,
        timeline,
    };
    gpu.create_context(
        ContextId(1),
        ContextDescription {
            address_space: SPACE,
            recoverable: false,
            slots: vec![
                slot(EngineClass::Render, RENDER),
                slot(EngineClass::Copy, BLITTER),
            ],
        },
    )
    .unwrap();

    let mut layout = Layout {
        memory: memory.clone(),
        end: 0,
        binds: 0,
    };
    let source = layout.bind(&gpu, AT.picture, sizes.picture);
    let sheet_at = layout.bind(&gpu, AT.sheet, sizes.sheet);
    layout.bind(&gpu, AT.x_tiled, sizes.x_tiled);
    layout.bind(&gpu, AT.y_tiled, sizes.y_tiled);
    let stamps = layout.bind(&gpu, AT.stamps, 4096);
    for y in 0..height {
        layout.write(
            source + u64::from(y * sizes.picture_pitch),
            &picture.row_bytes(y),
        );
    }

    let mut last = Point {
        timeline: BINDS,
        value: 0,
    };
    let mut values = [0, 0];
    for (index, stage) in stages.iter().enumerate() {
        let va = BATCHES + index as u64 * 0x111_1111_1000;
        let address = layout.bind(&gpu, va, stage.commands.len() as u64 * 4);
        let bytes: Vec<u8> = stage
            .commands
            .iter()
            .flat_map(|dword| dword.to_le_bytes())
            .collect();
        layout.write(address, &bytes);
        let value = &mut values[stage.engine as usize];
        *value += 1;
        let (slot, signal) = (stage.engine as u16, *value);
        let bound = Point {
            timeline: BINDS,
            value: layout.binds,
        };
        let waits = vec![bound, last];
        let waits = waits.into_iter().filter(|point| point.value > 0);
        gpu.submit(Submission {
            context: ContextId(1),
            slot,
            batches: vec![va],
            waits: waits.map(Wait::End).collect(),
            signal,
            priority: 0,
            sseu: None,
            cancelled: false,
        })
        .unwrap();
        let timeline = if stage.engine == On::Render {
            RENDER
        } else {
            BLITTER
        };
        last = Point {
            timeline,
            value: signal,
        };
    }

    while let Ok(done) = completions.recv_timeout(Duration::from_secs(60)) {
        assert_eq!(done.outcome, Outcome::Completed, "{:?}", done.point);
        if done.point == last {
            break;
        }
    }
    let mut bytes = vec![0; sizes.sheet as usize];
    memory.read(sheet_at, &mut bytes).unwrap();
    let sheet = Picture::from_rows(plan.sheet.0, plan.sheet.1, sizes.sheet_pitch, &bytes);
    assert_eq!(
        reference::draw(&plan, &picture).first_difference(&sheet),
        None
    );

    let stamp = |offset| memory.read_u64(stamps + offset).unwrap();
    for stage in 0..stages.len() as u64 {
        let (begin, end) = (stamp(stage * STAMP_BYTES), stamp(stage * STAMP_BYTES + 8));
        assert!(
            0 < begin && begin <= end,
            "stage {stage} ran from {begin} to {end}"
        );
    }
}

#[test]
fn a_picture_of_whole_tiles_comes_out_right() {
    draw_and_compare(256, 192);
}

#[test]
fn a_picture_of_odd_size_comes_out_right() {
    draw_and_compare(131, 77);
}

#[test]
fn the_smallest_picture_comes_out_right() {
    draw_and_compare(64, 48);
}
