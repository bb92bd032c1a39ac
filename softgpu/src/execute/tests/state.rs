//! State and work for units that the model does not have.

use super::*;

#[test]
fn what_the_model_lacks_hangs_or_is_skipped() {
    let mut bench = render();
    // STATE_BASE_ADDRESS with a length shorter than usual: honoured, rest are no-ops.
    let mut batch = vec![0x6101_0011];
    batch.extend([0; 21]);
    batch.extend([0x6904_0102, 0x7000_0007, 0, 0, 0, 0, 0, 0, 0, 0]);
    bench.finish(&batch);
    let draw = [0x7b00_0005, 4, 3, 0, 1, 0, 0];
    assert_eq!(reason(bench.run(&draw)), HangReason::MissingUnit);
    assert_eq!(
        reason(bench.run(&[0x1180_0001, 0, 0])),
        HangReason::Privileged
    );
    assert_eq!(
        reason(bench.run(&[0xdead_beef])),
        HangReason::UnknownCommand
    );
    assert_eq!(bench.execution.program.current, BATCH);
    // The same dword is another command on a video engine.
    let mut video = Bench::new(EngineClass::Video);
    let weights: Vec<u32> = std::iter::once(0x7105_0060).chain([0; 97]).collect();
    video.finish(&weights);
}

#[test]
fn state_is_kept_until_a_reset() {
    let mut bench = render();
    bench.finish(&[0x784b_0000, 4, 0x7808_0003, 1, 2, 3, 4, 0x784b_0000, 5]);
    let kept: Vec<_> = bench.execution.state.commands().collect();
    assert_eq!(kept, [&[0x7808_0003, 1, 2, 3, 4][..], &[0x784b_0000, 5]]);
    bench.execution.reset(&Platform::TGL);
    assert_eq!(bench.execution.state.commands().count(), 0);
}

#[test]
fn state_that_ends_where_nothing_is_mapped_hangs() {
    let mut bench = render();
    let end = BASE + 0x20_0000;
    bench.put(end - 8, &[0x784b_0000, 4]);
    bench.execution.program = Program::start(end - 8);
    let pause = bench.go_on(10);
    assert_eq!(reason(pause), HangReason::FetchUnmapped);
    assert_eq!(bench.execution.program.current, end);
    bench.put(end - 4, &[0x784b_0000]);
    bench.execution.program = Program::start(end - 4);
    let pause = bench.go_on(10);
    assert_eq!(reason(pause), HangReason::FetchUnmapped);
    assert_eq!(bench.execution.program.current, end - 4);
}

#[test]
fn work_that_comes_to_nothing_does_not_hang() {
    let draw =
        |header: u32, vertices: u32, instances: u32| [header, 4, vertices, 0, instances, 0, 0];
    let mut bench = render();
    let hangs = |bench: &mut Bench, batch: &[u32]| match bench.run(batch) {
        Pause::Finished => false,
        pause => reason(pause) == HangReason::MissingUnit,
    };
    assert!(hangs(&mut bench, &draw(0x7b00_0005, 3, 1)));
    assert!(!hangs(&mut bench, &draw(0x7b00_0005, 0, 1)));
    assert!(!hangs(&mut bench, &draw(0x7b00_0005, 3, 0)));
    // Indirect: 3DPRIM_VERTEX_COUNT and 3DPRIM_INSTANCE_COUNT.
    assert!(!hangs(&mut bench, &draw(0x7b00_0405, 3, 1)));
    bench.finish(&[0x1100_0003, 0x2434, 3, 0x2438, 1]);
    assert!(hangs(&mut bench, &draw(0x7b00_0405, 0, 0)));
    // Predicated: off while MI_PREDICATE_RESULT is clear.
    assert!(!hangs(&mut bench, &draw(0x7b00_0105, 3, 1)));
    bench.finish(&[0x0600_0080]);
    assert!(hangs(&mut bench, &draw(0x7b00_0105, 3, 1)));
    // How many vertices were streamed out is not known.
    assert!(hangs(&mut bench, &[0x7b00_0005, 0x204, 0, 0, 0, 0, 0]));
    // Only triangle lists; the topology is a fan, then a list.
    bench.finish(&[0x0680_0004, 0x784b_0000, 6]);
    assert!(!hangs(&mut bench, &draw(0x7b00_0005, 3, 1)));
    bench.finish(&[0x784b_0000, 4]);
    assert!(hangs(&mut bench, &draw(0x7b00_0005, 3, 1)));

    // A walk without thread groups needs no state; one that has some does.
    let walk = |header: u32, groups: [u32; 3]| {
        let mut walker = [0; 15];
        walker[0] = header;
        (walker[7], walker[10], walker[12]) = (groups[0], groups[1], groups[2]);
        walker
    };
    let mut bench = render();
    let hangs = |bench: &mut Bench, batch: &[u32]| match bench.run(batch) {
        Pause::Finished => false,
        pause => matches!(reason(pause), HangReason::BadField { .. }),
    };
    assert!(hangs(&mut bench, &walk(0x7105_000d, [1, 1, 1])));
    assert!(!hangs(&mut bench, &walk(0x7105_000d, [1, 0, 1])));
    assert!(!hangs(&mut bench, &walk(0x7105_040d, [1, 1, 1])));
    bench.finish(&[0x1100_0005, 0x2500, 1, 0x2504, 1, 0x2508, 1]);
    assert!(hangs(&mut bench, &walk(0x7105_040d, [0, 0, 0])));
    assert!(!hangs(&mut bench, &walk(0x7105_010d, [1, 1, 1])));
}

#[test]
fn every_engine_has_its_own_state() {
    // VEBOX_STATE and MFX_VP8 state are neighbours with the same bits.
    let mut enhance = Bench::new(EngineClass::VideoEnhance);
    enhance.finish(&[0x7402_0001, 1, 2]);
    assert_eq!(enhance.execution.state.commands().count(), 1);
    assert_eq!(
        reason(enhance.run(&[0x7403_0000, 0])),
        HangReason::MissingUnit
    );
    let mut copy = Bench::new(EngineClass::Copy);
    assert_eq!(
        reason(copy.run(&[0x7402_0001, 1, 2])),
        HangReason::UnknownCommand
    );
}
